package devclickhouse

import (
	"strings"

	"github.com/holdfast/holdfast/sinks/clickhouse/lexer"
)

// readerSettings are what everybody may set, in the URL or in a statement:
// limits that have no value of their own, so that they only tighten, how a
// statement is computed, and how its answer looks. Settings that hold an
// expression, a file, an address, a dialect or a switch for what is experimental
// are none of them.
var readerSettings = set("max_threads", "max_block_size", "max_execution_time", "max_estimated_execution_time",
	"max_result_rows", "max_rows_to_read", "max_bytes_to_read", "max_rows_to_sort", "max_bytes_to_sort",
	"max_rows_to_group_by", "max_rows_in_join", "max_bytes_in_join", "max_rows_in_distinct", "max_columns_to_read",
	"max_final_threads", "limit", "offset", "extremes", "result_overflow_mode", "read_overflow_mode",
	"timeout_overflow_mode", "group_by_overflow_mode", "sort_overflow_mode", "join_overflow_mode",
	"distinct_overflow_mode", "session_timezone", "use_client_time_zone", "date_time_output_format",
	"date_time_input_format", "cast_string_to_dynamic_use_inference", "cast_string_to_variant_use_inference",
	"bool_true_representation", "bool_false_representation", "join_use_nulls", "join_algorithm",
	"group_by_use_nulls", "transform_null_in", "union_default_mode", "final",
	"do_not_merge_across_partitions_select_final", "prefer_column_name_to_alias",
	"aggregate_functions_null_for_empty", "totals_mode", "count_distinct_implementation", "cast_keep_nullable",
	"data_type_default_nullable", "use_query_cache", "use_uncompressed_cache", "log_queries", "log_comment",
	"low_cardinality_allow_in_native_format", "enable_analyzer", "allow_experimental_analyzer",
	"optimize_move_to_prewhere", "optimize_read_in_order", "optimize_aggregation_in_order", "use_skip_indexes",
	"force_primary_key", "force_index_by_date", "print_pretty_type_names", "format_csv_delimiter",
	"format_csv_null_representation", "format_tsv_null_representation", "output_format_decimal_trailing_zeros",
	"output_format_write_statistics", "cancel_http_readonly_queries_on_client_close", "wait_end_of_query",
	"send_progress_in_http_headers", "empty_result_for_aggregation_by_empty_set",
	"short_circuit_function_evaluation", "show_table_uuid_in_table_create_query_if_not_nil",
	"use_mysql_types_in_show_columns", "enable_http_compression", "asterisk_include_alias_columns",
	"asterisk_include_materialized_columns", "select_sequential_consistency")

// readerFamilies are beginnings of names whose settings all say how an answer looks.
var readerFamilies = []string{"output_format_json_", "output_format_csv_", "output_format_tsv_",
	"output_format_pretty_", "output_format_native_", "output_format_parquet_", "output_format_arrow_",
	"output_format_markdown_"}

// writerSettings are what who bears the token may set besides: how rows are
// read from a body and inserted, and how tables are made.
var writerSettings = set("readonly", "async_insert", "wait_for_async_insert", "insert_deduplicate",
	"insert_deduplication_token", "insert_null_as_default", "insert_quorum", "throw_if_no_data_to_insert",
	"max_partitions_per_insert_block", "throw_on_max_partitions_per_insert_block", "max_insert_block_size",
	"min_insert_block_size_rows", "min_insert_block_size_bytes", "max_insert_threads",
	"deduplicate_blocks_in_dependent_materialized_views", "mutations_sync", "alter_sync",
	"lightweight_deletes_sync", "optimize_on_insert", "optimize_throw_if_noop", "materialize_ttl_after_modify",
	"fsync_after_insert", "fsync_part_directory", "fsync_metadata", "input_format_skip_unknown_fields",
	"input_format_null_as_default", "input_format_defaults_for_omitted_fields", "input_format_import_nested_json",
	"input_format_with_names_use_header", "input_format_with_types_use_header", "input_format_allow_errors_num",
	"input_format_allow_errors_ratio", "input_format_parallel_parsing", "input_format_try_infer_dates",
	"input_format_try_infer_datetimes", "input_format_try_infer_integers", "index_granularity",
	"index_granularity_bytes", "merge_with_ttl_timeout", "ttl_only_drop_parts", "allow_nullable_key",
	"min_bytes_for_wide_part", "min_rows_for_wide_part", "enable_mixed_granularity_parts",
	"non_replicated_deduplication_window", "replicated_deduplication_window", "parts_to_delay_insert",
	"parts_to_throw_insert", "old_parts_lifetime", "min_age_to_force_merge_seconds",
	"deduplicate_merge_projection_mode", "allow_suspicious_low_cardinality_types", "flatten_nested",
	"allow_nondeterministic_mutations", "validate_mutation_query",
	"database_atomic_wait_for_drop_and_detach_synchronously")

// writerFamilies are beginnings of names whose settings all say how a body is read.
var writerFamilies = []string{"input_format_json_", "input_format_csv_", "input_format_tsv_",
	"input_format_native_", "input_format_parquet_", "input_format_arrow_"}

// judgeSetting refuses a setting that is not listed: there are some thousand
// and seven hundred, and a release brings more.
func judgeSetting(name string, writes bool) error {
	name = strings.ToLower(name)
	if readerSettings[name] || begins(name, readerFamilies) {
		return nil
	}
	if writerSettings[name] || begins(name, writerFamilies) {
		if writes {
			return nil
		}
		return refusal(164, "READONLY", "Cannot modify '%s' setting in readonly mode: it takes a POST with the token "+
			"that stands in the file named by `holdfast engines`", name)
	}
	return refusal(115, "UNKNOWN_SETTING", "Unknown setting '%s', or one that the embedded engine does not take, as it "+
		"may lead outside. It takes limits, looks of answers (output_format_json_...) and, with the token, those of "+
		"inserts. Leave it away, say it in the statement itself, or use a ClickHouse server", name)
}

func begins(name string, families []string) bool {
	for _, family := range families {
		if strings.HasPrefix(name, family) {
			return true
		}
	}
	return false
}

// settingsClause finds the names that a statement sets: behind SET, SETTING and
// SETTINGS, and behind every comma that follows.
type settingsClause struct{ open, expects bool }

func (c *settingsClause) see(t, last, beforeLast lexer.Token, first string) error {
	switch {
	case !c.expects && begin(t, last, beforeLast, first):
		c.open, c.expects = true, true
	case !c.open:
	case t.Is(","):
		c.expects = true
	case t.Is("("):
	case c.expects:
		c.expects = false
		if t.Names() && !t.Number() {
			return judgeSetting(t.Text, true)
		}
	}
	return nil
}

// begin reports whether a clause of settings begins: not with system.settings,
// nor with SHOW SETTINGS. A dot behind digits belongs to the number.
func begin(t, last, beforeLast lexer.Token, first string) bool {
	switch {
	case t.Is("SET"):
		return first == "SET" && last.Kind == lexer.End
	case !t.Is("SETTINGS") && !t.Is("SETTING"):
		return false
	case last.Is("."):
		return !beforeLast.Names() || beforeLast.Number()
	case first == "SHOW":
		return !last.Is("SHOW") && !last.Is("CHANGED")
	}
	return true
}
