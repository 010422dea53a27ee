package signal

// QualityRow is one row of data_quality: how many events of a kind a shard has
// found to be of doubt, since the beginning of its state, by the end of a day.
type QualityRow struct {
	Day          Day     `col:"day" type:"day" doc:"business day on which it was counted"`
	SrcPartition uint16  `col:"src_partition" type:"uint16" doc:"the shard"`
	Finding      string  `col:"finding" type:"name" doc:"what was found; rejected_<reason> for a dead letter"`
	Events       uint64  `col:"events" type:"uint64" doc:"of them since the shard's state began; v_data_quality has those of each day"`
	Epoch        uint64  `col:"epoch" type:"uint64" doc:"life of the shard's state: rises when it is begun anew"`
	ComputedAt   Instant `col:"computed_at" type:"instant" doc:"wall time of the row"`
	Seq          uint64  `col:"seq" type:"uint64" doc:"epoch << 36 | number of the batch; the row's version"`
}
