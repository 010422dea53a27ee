package connect

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/config"
)

// files stands for a folder.
type files map[string]string

func (f files) read(name string) ([]byte, error) {
	if text, ok := f[name]; ok {
		return []byte(text), nil
	}
	return nil, os.ErrNotExist
}

// certificate makes a self-signed pair for 127.0.0.1.
func certificate(t *testing.T) (certPEM, keyPEM string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "broker"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private}))
}

func TestKafkaOverTLSWithALogin(t *testing.T) {
	cert, key := certificate(t)
	folder := files{"ca": cert, "key": key, "good": "secret\n", "bad": "wrong",
		"marked ca": "\ufeff" + cert, "marked key": "\ufeff" + key, "marked good": "\ufeffsecret\r\n"}
	pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-512",
		"user", "secret"),
		kfake.TLS(&tls.Config{Certificates: []tls.Certificate{pair}}))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	ping := func(kafka config.Kafka) error {
		kafka.Brokers = cluster.ListenAddrs()
		options, err := Kafka(kafka, folder.read)
		if err != nil {
			return err
		}
		client, err := kgo.NewClient(append(options, kgo.RetryTimeout(2*time.Second))...)
		if err != nil {
			return err
		}
		defer client.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		return client.Ping(ctx)
	}
	login := config.SASL{Mechanism: "scram-sha-512", User: "user", PasswordFile: "good"}
	if err := ping(config.Kafka{TLS: config.TLS{CAFile: "ca"}, SASL: login}); err != nil {
		t.Errorf("the right login: %v", err)
	}
	marked := config.TLS{CAFile: "marked ca", CertFile: "marked ca", KeyFile: "marked key"}
	if err := ping(config.Kafka{TLS: marked, SASL: config.SASL{Mechanism: "scram-sha-512", User: "user",
		PasswordFile: "marked good"}}); err != nil {
		t.Errorf("files with a byte order mark: %v", err)
	}
	if err := ping(config.Kafka{TLS: config.TLS{Enabled: true}, SASL: login}); err == nil {
		t.Error("an unknown certificate authority was trusted")
	}
	login.PasswordFile = "bad"
	if err := ping(config.Kafka{TLS: config.TLS{CAFile: "ca"}, SASL: login}); err == nil {
		t.Error("a wrong password was accepted")
	}
	if err := ping(config.Kafka{}); err == nil {
		t.Error("a plaintext client was accepted")
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	cert, key := certificate(t)
	folder := files{"empty": "", "text": "no certificate", "cert": cert, "key": key,
		"wide": "\xff\xfes\x00e\x00"}
	for name, test := range map[string]struct {
		kafka config.Kafka
		want  string
	}{
		"no ca": {config.Kafka{TLS: config.TLS{CAFile: "none"}}, "read kafka.tls.ca_file: "},
		"ca no pem": {config.Kafka{TLS: config.TLS{CAFile: "text"}},
			"read kafka.tls.ca_file text: there is no PEM certificate in it"},
		"no key":  {config.Kafka{TLS: config.TLS{CertFile: "cert", KeyFile: "none"}}, "read kafka.tls.key_file: "},
		"no cert": {config.Kafka{TLS: config.TLS{CertFile: "none", KeyFile: "key"}}, "read kafka.tls.cert_file: "},
		"swapped": {config.Kafka{TLS: config.TLS{CertFile: "key", KeyFile: "cert"}},
			"read kafka.tls.cert_file and key_file: "},
		"wide password": {config.Kafka{SASL: config.SASL{Mechanism: "plain", User: "u", PasswordFile: "wide"}},
			"read the secret of kafka.sasl.password_file: read wide: it is UTF-16 or UTF-32; save it as UTF-8"},
		"wide ca": {config.Kafka{TLS: config.TLS{CAFile: "wide"}}, "read kafka.tls.ca_file: read wide: it is UTF-16"},
		"no password": {config.Kafka{SASL: config.SASL{Mechanism: "plain", User: "u", PasswordFile: "empty"}},
			"read the secret of kafka.sasl.password_file: empty is empty"},
	} {
		if _, err := Kafka(test.kafka, folder.read); err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

func TestClickHouseOptions(t *testing.T) {
	folder := files{"dsn": "https://u:s3cret@ch.example.com:8443/other?dial_timeout=1s"}
	options, err := ClickHouse(config.ClickHouse{DSNFile: "dsn", Database: "holdfast"}, false, folder.read)
	if err != nil || options.Auth.Database != "holdfast" || options.Auth.Password != "s3cret" || options.TLS == nil {
		t.Errorf("%+v, %v", options, err)
	}
	if options, err := ClickHouse(config.ClickHouse{}, false, folder.read); options != nil || err != nil {
		t.Errorf("switched off: %v, %v", options, err)
	}
	_, err = ClickHouse(config.ClickHouse{DSN: "http://u:s3cret@localhost:8123?dial_timeout=soon"}, false, folder.read)
	if err == nil || strings.Contains(err.Error(), "s3cret") || !strings.Contains(err.Error(), "u:xxxxx@localhost:8123") {
		t.Errorf("a wrong setting: %v", err)
	}
}
