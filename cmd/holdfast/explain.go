package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/explain"
	"github.com/holdfast/holdfast/internal/ops"
	"github.com/holdfast/holdfast/internal/textfile"
)

const explainHelp = `Say in words what is known of a customer: the facts, the score with all that it
is made of, the alerts, why there is none, and what silence brings next.

It asks the running instance at --url (default: that of ops.listen), which
answers from memory; with ops.token_file the token is sent along. Where none
answers it tells what the customer's row in ClickHouse holds, as it was scored
then, and says so.

Exit codes: 0 told, 1 the customer is not known, 4 neither answers.`

// askWithin bounds the question to the instance.
const askWithin = 5 * time.Second

func (c *cli) explainCommand() *cobra.Command {
	var address string
	command := &cobra.Command{
		Use: "explain CUSTOMER", Short: "Say what is known of a customer, and why", Long: explainHelp,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return c.explain(command.Context(), args[0], address)
		},
	}
	command.Flags().StringVar(&address, "url", "", "address of the ops listener (default: that of ops.listen)")
	c.clickhouseFlags(command)
	return command
}

func (c *cli) explain(ctx context.Context, customer, address string) error {
	loaded, err := c.setup()
	if err != nil {
		return err
	}
	document, problem, err := c.askInstance(ctx, loaded, customer, address)
	if err != nil {
		return err
	}
	if document == nil {
		if document, err = c.explainRow(ctx, loaded, customer, problem); err != nil {
			return err
		}
	}
	if c.output == "json" {
		return c.printJSON(document)
	}
	return document.Write(c.stdout)
}

// askInstance asks the instance that is at work. Where there is no answer from it,
// problem says why in words; err is what nothing else can help about.
func (c *cli) askInstance(
	ctx context.Context, loaded *config.Loaded, customer, address string,
) (document *explain.Document, problem string, err error) {
	if address == "" {
		if loaded.Ops.Listen == "" {
			return nil, "no instance is asked, because ops.listen is empty and no --url is given", nil
		}
		address = "http://" + reachable(c.opsPlace(loaded))
	}
	address = strings.TrimSuffix(address, "/")
	if at, err := url.Parse(address); err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
		return nil, "", usage("--url %q is not an address; write http://host:9464", address)
	}
	token := ""
	if file := loaded.Ops.TokenFile; file != "" {
		if token, err = config.ReadSecret(c.readFile, "ops.token_file", file); err != nil {
			return nil, "no instance is asked, because the token cannot be read: " + err.Error(), nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/customers/"+url.PathEscape(customer), nil)
	if err != nil {
		return nil, "", usage("--url %q is not an address; write http://host:9464", address)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, "no instance answers at " + address, nil
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return nil, fmt.Sprintf("the instance at %s broke off its answer", address), nil
	}
	return answered(address, customer, response.StatusCode, body)
}

// answered reads the answer of what listens at an address.
func answered(address, customer string, status int, body []byte) (*explain.Document, string, error) {
	var document explain.Document
	if status == http.StatusOK && json.Unmarshal(body, &document) == nil && document.Source == explain.FromInstance &&
		document.CustomerID == customer {
		return &document, "", nil
	}
	var said ops.Problem
	switch {
	case status == http.StatusUnauthorized:
		return nil, "the instance at " + address + " wants another token than that of ops.token_file here", nil
	case json.Unmarshal(body, &said) != nil || said.Error == "":
		return nil, fmt.Sprintf("what answers at %s (status %d) is no instance of this version", address, status), nil
	case said.Error == ops.UnknownCustomer:
		return nil, "", fmt.Errorf("the instance at %s has counted no event of this customer: the id may be wrong, or its "+
			"events may still be on their way (`holdfast wait --caught-up`)", address)
	}
	why := textfile.Printed(said.Why)
	return nil, fmt.Sprintf("the instance at %s does not answer for the customer: %s", address, why), nil
}
