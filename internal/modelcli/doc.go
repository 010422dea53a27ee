// Package modelcli is the two commands an analyst uses on files of its own:
// `score` gives what a purchase model says of every row, `fit` estimates its
// parameters from a purchase log. They need neither Kafka nor configuration.
package modelcli
