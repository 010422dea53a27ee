package main

import (
	"fmt"
	"os"
	"runtime"
	"text/tabwriter"
	"time"
)

// shippedLine is one measurement of the program, beside the bare fetch.
type shippedLine struct {
	round
	title  string
	memory memory
	rows   float64 // per event
	alerts float64
}

// String is the line as it is told when it is made.
func (l *shippedLine) String() string {
	return fmt.Sprintf("%s: %.0fk events/s, %.2f µs CPU each, %.3f of a bare fetch of %.0fk/s", l.title, l.rate()/1e3,
		l.CPU/float64(l.Events)*1e6, l.rate()/l.bareRate, l.bareRate/1e3)
}

func (s *shipped) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	s.notes = append(s.notes, text)
	fmt.Println(text)
}

// print says everything that a figure depends on.
func (s *shipped) print(broker, pinned string) {
	o := &s.o
	if o.cores == 2 {
		pinned = "all processes share all cores"
	}
	fmt.Printf("%s run, default configuration, loader off · %s · %s\n", o.holdfast, broker,
		time.Now().UTC().Format(time.RFC3339))
	fmt.Printf("customers %d · %d rounds of %d events · cases %v · %s\n", o.customers, o.rounds, o.events, o.cases, pinned)
	fmt.Printf("269-byte JSON values, 13-byte keys, 85/10/5 %% visits, purchases, complaints · 3 topics of %d "+
		"partitions · LZ4, "+
		"batches up to %d bytes · %s %s/%s, %d cores\n\n", partitions, producerBatch, runtime.Version(), runtime.GOOS,
		runtime.GOARCH,
		runtime.NumCPU())
}

// conclude prints the table and everything that was wrong.
func (s *shipped) conclude() error {
	fmt.Println()
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\tk events/s\tµs CPU/event\trate ÷ bare\tCPU ÷ bare\trows/event\talerts/event\tresident MB now / "+
		"peak\tlive heap MB\tbare fetch k/s")
	for i := range s.lines {
		l := &s.lines[i]
		cpu := l.CPU / float64(l.Events)
		fmt.Fprintf(t, "%s\t%.0f\t%.2f\t%.3f\t%.1f\t%.3f\t%.4f\t%d / %d\t%d\t%.0f\n", l.title, l.rate()/1e3, cpu*1e6,
			l.rate()/l.bareRate,
			cpu/l.bareCPU, l.rows, l.alerts, l.memory.resident>>20, l.memory.peak>>20, l.memory.live>>20, l.bareRate/1e3)
	}
	t.Flush()
	for _, note := range s.notes {
		fmt.Println(note)
	}
	if len(s.wrong) > 0 {
		return fmt.Errorf("WRONG, scores nothing: %v", s.wrong)
	}
	fmt.Println("the batch log agrees with what was written")
	return nil
}
