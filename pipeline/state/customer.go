package state

// read loads the record at position i.
func (c *Customer) read(p *page, i int, slot Slot) {
	c.Core, c.slot, c.fresh = p.cores[i], slot, false
	if !c.readRun(p.run(i)) {
		panic("state: a record that no Store and no LoadPage can have put there")
	}
}

// put writes core and run of a record to position i.
func (p *page) put(i int, core *Core, run []byte) {
	p.fit(i, len(run))
	copy(p.run(i), run)
	at := &p.cores[i]
	runAt, runLen := at.runAt, at.runLen
	*at = *core
	at.runAt, at.runLen = runAt, runLen
}
