package devclickhouse

// What a statement may name. Tests hold the lists against the engine's own: a
// function or engine of a newer release that stands in none makes them fail.
// All names are in small letters; the engine takes most of them in any.

// tableFunctions read nothing but the engine's own tables and memory. What
// takes the structure of a table as a text is not among them: a column's
// default in it is an expression that the fence does not see.
var tableFunctions = set("numbers", "numbers_mt", "zeros", "zeros_mt", "generateseries", "generate_series",
	"primes", "view")

// engines are those of tables and databases that live in the engine itself.
// What takes another table's name as a text is not among them.
var engines = set("mergetree", "replacingmergetree", "summingmergetree", "aggregatingmergetree", "collapsingmergetree",
	"versionedcollapsingmergetree", "coalescingmergetree", "graphitemergetree", "memory", "null", "set", "join", "log",
	"tinylog", "stripelog", "atomic", "ordinary")

// outsideTables are table functions that read or write files, start programs,
// reach other hosts, run a text as a statement, or take a table's name as a
// text. They are refused wherever they stand, as a call or not.
var outsideTables = set(
	"arrowstream", "azureblobstorage", "azureblobstoragecluster", "cluster", "clusterallreplicas", "cosn",
	"deltalake", "deltalakeazure", "deltalakeazurecluster", "deltalakecluster", "deltalakelocal", "deltalakes3",
	"deltalakes3cluster", "dictionary", "eval", "executable", "file", "filecluster", "filesystem", "gcs", "hdfs",
	"hdfscluster", "hudi", "hudicluster", "iceberg", "icebergazure", "icebergazurecluster", "icebergcluster",
	"iceberghdfs", "iceberghdfscluster", "iceberglocal", "iceberglocalcluster", "icebergs3", "icebergs3cluster",
	"jdbc", "mergetreeanalyzeindexes", "mergetreeanalyzeindexesuuid", "mergetreeindex", "mergetreeprojection",
	"mergetreetextindex", "mongodb", "mysql", "odbc", "oss", "paimon", "paimonazure", "paimonazurecluster",
	"paimoncluster", "paimonhdfs", "paimonhdfscluster", "paimonlocal", "paimons3", "paimons3cluster", "postgresql",
	"prometheusquery", "prometheusqueryrange", "redis", "remote", "remotesecure", "s3", "s3cluster", "sqlite",
	"timeseriesdata", "timeseriesmetrics", "timeseriessamples", "timeseriesselector", "timeseriestags", "url",
	"urlcluster", "ytsaurus",
	"kql", "prql", "python", "arrowflight", "hive", "xdbc", "llm")

// outsideFunctions are functions that read files or configuration, reach other
// hosts, or take a table's name as a text. They too are refused wherever they
// stand: APPLY(f) and arrayMap(f, ...) call one without a parenthesis behind it.
var outsideFunctions = set(
	"addresstoline", "addresstolinewithinlines", "addresstosymbol", "aiclassify", "aiembed", "aiextract",
	"aigenerate", "aitranslate", "catboostevaluate", "dictget", "dictgetall", "dictgetchildren", "dictgetdate",
	"dictgetdateordefault", "dictgetdatetime", "dictgetdatetimeordefault", "dictgetdescendants", "dictgetfloat32",
	"dictgetfloat32ordefault", "dictgetfloat64", "dictgetfloat64ordefault", "dictgethierarchy", "dictgetint16",
	"dictgetint16ordefault", "dictgetint32", "dictgetint32ordefault", "dictgetint64", "dictgetint64ordefault",
	"dictgetint8", "dictgetint8ordefault", "dictgetipv4", "dictgetipv4ordefault", "dictgetipv6",
	"dictgetipv6ordefault", "dictgetkeys", "dictgetordefault", "dictgetornull", "dictgetroot", "dictgetstring",
	"dictgetstringordefault", "dictgetuint16", "dictgetuint16ordefault", "dictgetuint32", "dictgetuint32ordefault",
	"dictgetuint64", "dictgetuint64ordefault", "dictgetuint8", "dictgetuint8ordefault", "dictgetuuid",
	"dictgetuuidordefault", "dicthas", "dictisin", "filesystemavailable", "filesystemcapacity",
	"filesystemunreserved", "fqdn", "fullhostname", "generateserialid", "getclienthttpheader", "getmacro",
	"getserversetting", "hascolumnintable", "joinget", "joingetornull", "naivebayesclassifier",
	"naivebayesclassifierwithallprobs", "naivebayesclassifierwithprob", "naivebayesngrams", "regionhierarchy",
	"regionin", "regiontoarea", "regiontocity", "regiontocontinent", "regiontocountry", "regiontodistrict",
	"regiontoname", "regiontopopulation", "regiontotopcontinent", "showcertificate", "zookeepersessionuptime")

// structured take a text for a structure, data or a table. Their names are
// common words, so that they are refused before a parenthesis only.
var structured = set("format", "values", "sqlstandardvalues", "merge", "loop", "input", "null", "viewifpermitted",
	"viewexplain", "generaterandom", "fuzzquery", "fuzzjson")

// outsideEngines are refused as engines and before a parenthesis.
var outsideEngines = set(
	"alias", "azurequeue", "backup", "buffer", "datalakecatalog", "distributed", "embeddedrocksdb",
	"executablepool", "filelog", "kafka", "keepermap", "materializedpostgresql", "queryrunner", "replicated",
	"replicatedaggregatingmergetree", "replicatedcoalescingmergetree", "replicatedcollapsingmergetree",
	"replicatedgraphitemergetree", "replicatedmergetree", "replicatedreplacingmergetree",
	"replicatedsummingmergetree", "replicatedversionedcollapsingmergetree", "s3queue", "timeseries", "windowview",
	"materializedmysql", "rabbitmq", "nats", "http", "clickhouse", "disk")
