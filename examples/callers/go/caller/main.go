// Command caller calls workflow-runner from a Temporal workflow.
//
//	caller workflow WORKFLOW_ID [INPUT]   activity ExecuteWorkflow: a workflow of the control plane
//	caller agent SLUG MESSAGE             activity CallAgentActivity: an agent
//	caller document FILE [INPUT]          workflow type ExecuteServerlessWorkflow: a document, without a control plane
//
// It prints the result as JSON. Ctrl-C cancels the call and waits for its end.
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
	"os/signal"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	tlog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

const callersQueue = "callers-go"

// CallsWorkflow runs a workflow of the control plane as one step.
func CallsWorkflow(ctx workflow.Context, workflowID, message string) (any, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:           "workflow_execution_runner",
		StartToCloseTimeout: 24 * time.Hour,
		// Both guard the moments before the child exists: a worker that dies there is noticed, and the call is made again.
		// (A child that failed is run again too. What must not be stands in NonRetryableErrorTypes.)
		HeartbeatTimeout: 30 * time.Second,
		RetryPolicy:      &temporal.RetryPolicy{MaximumAttempts: 2},
		// The child cancels its own work first, and says so.
		WaitForCancellation: true,
	})
	// A WorkflowExecution in the JSON mapping of protobuf. The id names the child: the same id never runs twice.
	execution := map[string]any{
		"metadata": map[string]any{"id": workflow.GetInfo(ctx).WorkflowExecution.ID},
		"spec":     map[string]any{"workflowId": workflowID, "triggerMessage": message},
	}
	// The answer is `json/protobuf`, which the converter reads only into the message's generated type.
	var raw converter.RawValue
	if err := workflow.ExecuteActivity(ctx, "ExecuteWorkflow", execution).Get(ctx, &raw); err != nil {
		return nil, err
	}
	var status struct{ Output any }
	err := json.Unmarshal(raw.Payload().GetData(), &status)
	return status.Output, err
}

// CallsAgent asks an agent as one step.
func CallsAgent(ctx workflow.Context, slug, message string) (answer any, err error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: "zigflow_execution",
		// Only the agent's callback ends this step: the timeout is what is left when none comes.
		ScheduleToCloseTimeout: 24 * time.Hour,
		RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 5},
	})
	call := map[string]any{"agent": slug, "message": message, "org_id": "local"}
	err = workflow.ExecuteActivity(ctx, "CallAgentActivity", call).Get(ctx, &answer)
	return answer, err
}

func start(ctx context.Context, c client.Client, verb, what, text string) (client.WorkflowRun, error) {
	options := client.StartWorkflowOptions{ID: fmt.Sprintf("call-go-%d-%d", os.Getpid(), time.Now().UnixNano()), TaskQueue: callersQueue}
	switch verb {
	case "document":
		yaml, err := os.ReadFile(what)
		if err != nil {
			return nil, err
		}
		options.TaskQueue = "zigflow_execution"
		run := map[string]any{"workflow_yaml": string(yaml), "initial_data": json.RawMessage(cmp.Or(text, "{}"))}
		return c.ExecuteWorkflow(ctx, options, "ExecuteServerlessWorkflow", run)
	case "agent":
		return c.ExecuteWorkflow(ctx, options, CallsAgent, what, text)
	default:
		return c.ExecuteWorkflow(ctx, options, CallsWorkflow, what, text)
	}
}

func run(verb, what, text string) (int, error) {
	logger := tlog.NewStructuredLogger(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	c, err := client.Dial(client.Options{HostPort: cmp.Or(os.Getenv("TEMPORAL_ADDRESS"), "localhost:7233"), Logger: logger})
	if err != nil {
		return 69, err
	}
	defer c.Close()
	w := worker.New(c, callersQueue, worker.Options{})
	w.RegisterWorkflow(CallsWorkflow)
	w.RegisterWorkflow(CallsAgent)
	if err := w.Start(); err != nil {
		return 69, err
	}
	defer w.Stop()

	ctx := context.Background()
	call, err := start(ctx, c, verb, what, text)
	if err != nil {
		return 1, err
	}
	fmt.Fprintln(os.Stderr, call.GetID())
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	go func() {
		<-interrupted
		if err := c.CancelWorkflow(ctx, call.GetID(), ""); err != nil {
			log.Print(err)
		}
	}()

	var result any
	err = call.Get(ctx, &result)
	// The workflow failed because its activity did: what the child or the agent's side said is at the end of the chain.
	var cancelled *temporal.CanceledError
	var failed *temporal.ApplicationError
	switch {
	case err == nil:
		return 0, json.NewEncoder(os.Stdout).Encode(result)
	case errors.As(err, &cancelled):
		return 3, errors.New("cancelled")
	case errors.As(err, &failed):
		return 1, fmt.Errorf("failed: %s: %s", failed.Type(), failed.Message())
	default:
		return 1, err
	}
}

func main() {
	if len(os.Args) < 3 || (os.Args[1] != "workflow" && os.Args[1] != "agent" && os.Args[1] != "document") {
		fmt.Fprintln(os.Stderr, "usage: caller workflow WORKFLOW_ID [INPUT] | agent SLUG MESSAGE | document FILE [INPUT]")
		os.Exit(64)
	}
	code, err := run(os.Args[1], os.Args[2], append(os.Args, "")[3])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}
