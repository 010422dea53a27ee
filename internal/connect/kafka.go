// Package connect turns the configuration into clients: addresses, transport
// security, logins. Secrets are read from their files here, and each failure
// says which key and which file it is about, never what the secret is.
package connect

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/holdfast/holdfast/internal/config"
)

// dialTimeout bounds one attempt to reach a broker.
const dialTimeout = 10 * time.Second

// Kafka returns the options that every Kafka client of the configuration needs.
// read is os.ReadFile, or a test's.
func Kafka(kafka config.Kafka, read config.FileReader) ([]kgo.Opt, error) {
	options := []kgo.Opt{
		kgo.SeedBrokers(kafka.Brokers...),
		kgo.ClientID("holdfast"),
		kgo.DialTimeout(dialTimeout),
	}
	if kafka.TLS.On() {
		secure, err := kafkaTLS(kafka.TLS, read)
		if err != nil {
			return nil, err
		}
		options = append(options, kgo.DialTLSConfig(secure))
	}
	if kafka.SASL.Mechanism == "" {
		return options, nil
	}
	password, err := config.ReadSecret(read, "kafka.sasl.password_file", kafka.SASL.PasswordFile)
	if err != nil {
		return nil, err
	}
	switch kafka.SASL.Mechanism {
	case "scram-sha-512":
		return append(options, kgo.SASL(scram.Auth{User: kafka.SASL.User, Pass: password}.AsSha512Mechanism())), nil
	case "scram-sha-256":
		return append(options, kgo.SASL(scram.Auth{User: kafka.SASL.User, Pass: password}.AsSha256Mechanism())), nil
	case "plain":
		return append(options, kgo.SASL(plain.Auth{User: kafka.SASL.User, Pass: password}.AsMechanism())), nil
	}
	return nil, fmt.Errorf("log in to Kafka: %q is not a mechanism", kafka.SASL.Mechanism)
}

var errNoCertificate = errors.New("there is no PEM certificate in it")

// kafkaTLS reads the certificates. TLS 1.2 is the least accepted.
func kafkaTLS(settings config.TLS, read config.FileReader) (*tls.Config, error) {
	secure := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: settings.ServerName}
	if settings.CAFile != "" {
		pem, err := config.ReadText(read, settings.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read kafka.tls.ca_file: %w", err)
		}
		secure.RootCAs = x509.NewCertPool()
		if !secure.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read kafka.tls.ca_file %s: %w", settings.CAFile, errNoCertificate)
		}
	}
	if settings.CertFile == "" {
		return secure, nil
	}
	certificate, err := config.ReadText(read, settings.CertFile)
	if err != nil {
		return nil, fmt.Errorf("read kafka.tls.cert_file: %w", err)
	}
	key, err := config.ReadText(read, settings.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("read kafka.tls.key_file: %w", err)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("read kafka.tls.cert_file and key_file: %w", err)
	}
	secure.Certificates = []tls.Certificate{pair}
	return secure, nil
}
