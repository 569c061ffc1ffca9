// Command agents is the agents' side: it answers agent executions by completing the activity that waits, by its token.
//
// On the platform its server does this. Here it is the smallest worker that can stand in for it: workflow `stigmer/agent-execution/invoke` with the
// AgentExecution, callback token included, as its argument. What it says is a stand-in too: a message that begins with `refuse` fails, one that begins
// with `wait` waits until it is cancelled.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"strings"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	tlog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

const agentsQueue = "agents-go"

type spec struct {
	CallbackToken []byte // base64 in JSON
	Message       string
}

// AgentExecution is the platform's workflow, whose argument holds the callback token.
func AgentExecution(ctx workflow.Context, raw converter.RawValue) error {
	// The argument is `json/protobuf`: JSON, without the message's generated type too.
	var execution struct{ Spec spec }
	if err := json.Unmarshal(raw.Payload().GetData(), &execution); err != nil {
		return temporal.NewNonRetryableApplicationError("no AgentExecution", "InvalidInput", err)
	}
	if strings.HasPrefix(execution.Spec.Message, "wait") {
		// A cancel of the step arrives as a cancel of this workflow. The one who cancelled waits for no answer.
		return workflow.Await(ctx, func() bool { return false })
	}
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	return workflow.ExecuteActivity(ctx, "callBack", execution.Spec).Get(ctx, nil)
}

type callbacks struct{ client client.Client }

func (b callbacks) callBack(ctx context.Context, asked spec) error {
	var answer any
	var refusal error
	if strings.HasPrefix(asked.Message, "refuse") {
		// Not retryable: another attempt would find this same execution, and nobody who calls back for it.
		refusal = temporal.NewNonRetryableApplicationError("the agent refuses", "AgentFailed", nil)
	} else {
		answer = map[string]string{"answer": "go heard: " + asked.Message}
	}
	err := b.client.CompleteActivity(ctx, asked.CallbackToken, answer, refusal)
	// Nobody waits any more: told before, timed out, cancelled or gone. Anything else is tried again by Temporal.
	var gone *serviceerror.NotFound
	if errors.As(err, &gone) {
		activity.GetLogger(ctx).Warn("nobody waits for this answer")
		return nil
	}
	return err
}

func main() {
	logger := tlog.NewStructuredLogger(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	c, err := client.Dial(client.Options{HostPort: cmp.Or(os.Getenv("TEMPORAL_ADDRESS"), "localhost:7233"), Logger: logger})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	w := worker.New(c, agentsQueue, worker.Options{})
	w.RegisterWorkflowWithOptions(AgentExecution, workflow.RegisterOptions{Name: "stigmer/agent-execution/invoke"})
	w.RegisterActivityWithOptions(callbacks{c}.callBack, activity.RegisterOptions{Name: "callBack"})
	if err := w.Start(); err != nil {
		log.Fatal(err)
	}
	defer w.Stop()
	fmt.Fprintln(os.Stderr, "answering for the agents of task queue", agentsQueue)
	<-worker.InterruptCh()
}
