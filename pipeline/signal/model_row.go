package signal

// ModelRow is one row of model_params: parameters in force.
type ModelRow struct {
	ParamVersion      string        `col:"param_version" type:"text" doc:"version of the parameters"`
	Model             string        `col:"model" type:"name" doc:"purchase, activity or spend model"`
	K                 uint32        `col:"k" type:"count" doc:"regularity"`
	R                 Null[float64] `col:"r" type:"float" doc:"shape of the purchase rate"`
	Alpha             Null[float64] `col:"alpha" type:"float" doc:"scale of the purchase rate, weeks"`
	A                 Null[float64] `col:"a" type:"float" doc:"dropout, first beta parameter"`
	B                 Null[float64] `col:"b" type:"float" doc:"dropout, second beta parameter"`
	P                 Null[float64] `col:"p" type:"float" doc:"gamma-gamma p"`
	Q                 Null[float64] `col:"q" type:"float" doc:"gamma-gamma q"`
	Nu                Null[float64] `col:"nu" type:"float" doc:"gamma-gamma scale, major units of the currency"`
	Customers         uint64        `col:"n" type:"uint64" doc:"customers fitted on; 0 where given by configuration"`
	LogLikelihood     Null[float64] `col:"log_likelihood" type:"float" doc:"at the optimum"`
	DropoutIdentified bool          `col:"dropout_identified" type:"flag" doc:"0 where the model cannot tell silence from loss"`
	FittedAt          Null[Instant] `col:"fitted_at" type:"instant" doc:"when fitted"`
	InForceFrom       Instant       `col:"in_force_from" type:"instant" doc:"wall time at which the shard began to use it"`
	ComputedAt        Instant       `col:"computed_at" type:"instant" doc:"wall time of the row"`
	SrcPartition      uint16        `col:"src_partition" type:"uint16" doc:"the shard"`
	Seq               uint64        `col:"seq" type:"uint64" doc:"epoch << 36 | dense number within the shard"`
}
