package signal

// AlertKind is what an alert is about, as it is published. The kinds there are,
// and all else about them, stand in pipeline/policy.
type AlertKind struct {
	Name   string
	Family string // the group of kinds that teams treat alike
	Topic  AlertTopic
}

// AlertTopic is which of the alert topics takes an alert.
type AlertTopic uint8

// Alert topics.
const (
	TopicChurn   AlertTopic = 1 // of alerts that ask for keeping or winning back
	TopicLoyalty AlertTopic = 2 // of good news
)
