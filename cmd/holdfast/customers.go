package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/holdfast/holdfast/internal/explain"
	"github.com/holdfast/holdfast/internal/ops"
	"github.com/holdfast/holdfast/pipeline"
)

// answerWithin bounds how long a question about a customer waits for the loop, which
// may be in the middle of a commit.
const answerWithin = 3 * time.Second

// customerAnswers answers questions about customers; nil without the role process.
func (i *instance) customerAnswers() func(context.Context, string) (int, any) {
	if i.pipeline == nil {
		return nil
	}
	return func(ctx context.Context, id string) (int, any) {
		ctx, cancel := context.WithTimeout(ctx, answerWithin)
		defer cancel()
		return customerAnswer(id)(i.pipeline.Explain(ctx, id))
	}
}

// customerAnswer is the answer to a question about a customer, with its status.
func customerAnswer(id string) func(*pipeline.Explained, error) (int, any) {
	return func(e *pipeline.Explained, err error) (int, any) {
		switch {
		case err == nil:
			return http.StatusOK, explain.Of(id, e)
		case errors.Is(err, pipeline.ErrUnknownCustomer):
			return http.StatusNotFound, ops.Problem{Error: ops.UnknownCustomer, Why: err.Error()}
		case errors.Is(err, pipeline.ErrOwnedElsewhere):
			return http.StatusConflict, ops.Problem{Error: ops.OwnedElsewhere, Why: err.Error()}
		}
		return http.StatusServiceUnavailable, ops.Problem{Error: ops.NotAnswering, Why: err.Error()}
	}
}
