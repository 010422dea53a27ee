package devclickhouse

import (
	"fmt"
	"os"
	"path/filepath"
)

// engineFolder, in the data folder, is where the engine's process stands.
const engineFolder = "engine"

// rights are those of the engine's one user, as the engine reads them. The user
// may read and change tables and has no right to a source: files, other hosts
// and programs, whether as functions, as engines or by a path for a table's
// name. They are the second fence behind the front's. They do not hold the
// function file and INTO OUTFILE, for which the engine asks for no right.
const rights = `<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password/>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants>
        <query>GRANT SHOW, SELECT, INSERT, ALTER, CREATE DATABASE, CREATE TABLE, CREATE VIEW, CREATE TEMPORARY TABLE,
          DROP, UNDROP TABLE, TRUNCATE, OPTIMIZE, CHECK, KILL QUERY, SYSTEM ON *.*</query>
      </grants>
    </default>
  </users>
</clickhouse>
`

// configuration makes the engine read rights.
const configuration = `<clickhouse>
  <users_config>users.xml</users_config>
  <user_directories><users_xml><path>users.xml</path></users_xml></user_directories>
</clickhouse>
`

// enterFolder goes to a folder that holds the engine's rights and nothing else:
// the engine takes its configuration from the folder that it stands in, and
// shows the files in it as tables of the database default, by their bare names.
func (c *childOptions) enterFolder() error {
	if c.DataDir == "" {
		return nil // which Open refuses
	}
	for _, path := range []*string{&c.Library, &c.DataDir} {
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return fmt.Errorf("make %s absolute: %w", *path, err)
		}
		*path = absolute
	}
	folder := filepath.Join(c.DataDir, engineFolder)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	for name, text := range map[string]string{"config.xml": configuration, "users.xml": rights} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("write the engine's rights: %w", err)
		}
	}
	if err := os.Chdir(folder); err != nil {
		return fmt.Errorf("enter the engine's folder: %w", err)
	}
	return nil
}
