package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/holdfast/holdfast/pipeline/event"
)

// FileReader reads a small file as a whole, as os.ReadFile does.
type FileReader func(path string) ([]byte, error)

var errUTF16 = errors.New("it is UTF-16 or UTF-32; save it as UTF-8")

// ReadText reads a file of text, without the byte order mark that some editors
// put before it. Errors name the file, never the content.
func ReadText(read FileReader, file string) ([]byte, error) {
	data, err := read(file)
	if err != nil {
		return nil, err
	}
	if event.IsUTF16(data) {
		return nil, fmt.Errorf("read %s: %w", file, errUTF16)
	}
	return event.TrimByteOrderMark(data), nil
}

// ReadSecret reads a secret from its file; one line break at the end is not
// part of it. Errors name the key and the file, never the content.
func ReadSecret(read FileReader, path, file string) (string, error) {
	data, err := ReadText(read, file)
	if err != nil {
		return "", fmt.Errorf("read the secret of %s: %w", path, err)
	}
	secret := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if secret == "" {
		return "", fmt.Errorf("read the secret of %s: %s is empty", path, file)
	}
	return secret, nil
}

// Address returns the DSN to connect to, from the file where one is named. It is
// checked as one in the configuration would be. Read it anew for each
// connection, so that a rotated password is taken up.
func (c ClickHouse) Address(read FileReader, insecureDev bool) (string, error) {
	if c.DSNFile == "" {
		return c.DSN, nil
	}
	dsn, err := ReadSecret(read, "sinks.clickhouse.dsn_file", c.DSNFile)
	if err != nil {
		return "", err
	}
	if problem := checkDSN(dsn, insecureDev); problem.Message != "" {
		problem.Path, problem.Source = "sinks.clickhouse.dsn_file", c.DSNFile
		return "", &Invalid{Problems: []Problem{problem}}
	}
	return dsn, nil
}
