package signal

// Confidence is how much data and fit stand behind an alert's numbers; it says
// nothing about how high they are.
type Confidence uint8

// Confidences, rising.
const (
	ConfidenceLow Confidence = iota
	ConfidenceMedium
	ConfidenceHigh
	confidenceCount
)

var confidenceNames = [confidenceCount]string{"low", "medium", "high"}

// String gives the published name.
func (v Confidence) String() string { return confidenceNames[v] }
