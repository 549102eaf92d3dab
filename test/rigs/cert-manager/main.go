// Command cert-manager runs the real cert-manager controllers and webhook in one process against any API
// server, without a cluster: no leader election, no Service, webhook configurations by URL.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/cert-manager/cert-manager/pkg/controller"
	"github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/approver"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/issuing"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/keymanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/readiness"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/requestmanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/revisionmanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/trigger"
	webhooktesting "github.com/cert-manager/cert-manager/test/webhook"
	"k8s.io/klog/v2"
)

const workersPerController = 5

func main() {
	// stdout carries the line "ready" and nothing else: package testing writes its progress to os.Stdout.
	stdout := os.Stdout
	os.Stdout = os.Stderr

	flags := flag.NewFlagSet("cert-manager", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "path of the kubeconfig of cert-manager's own identity")
	autoApprove := flags.Bool("auto-approve", false, "run the certificaterequests-approver controller")
	minBackoff := flags.Duration("min-backoff", time.Hour, "first delay after a failed issuance")
	maxBackoff := flags.Duration("max-backoff", 32*time.Hour, "longest delay after failed issuances")
	_ = flags.Parse(os.Args[1:])

	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer cancel()

	options := controller.ContextOptions{
		Kubeconfig:         *kubeconfig,
		KubernetesAPIQPS:   1000,
		KubernetesAPIBurst: 1000,
		IssuerOptions:      controller.IssuerOptions{ClusterResourceNamespace: "cert-manager"},
		CertificateOptions: controller.CertificateOptions{
			CopiedAnnotationPrefixes:                 []string{"*", "-kubectl.kubernetes.io/", "-fluxcd.io/", "-argocd.argoproj.io/"},
			CertificateRequestMinimumBackoffDuration: *minBackoff,
			CertificateRequestMaximumBackoffDuration: *maxBackoff,
		},
	}

	// The only public way to the webhook is test/webhook, which wants a *testing.T: so the whole program
	// runs as one test case that ends with the signal.
	testing.Init()
	if err := flag.CommandLine.Parse([]string{"-test.v"}); err != nil {
		klog.Fatal(err)
	}
	everything := testing.InternalTest{Name: "cert-manager", F: func(t *testing.T) {
		server, stop := webhooktesting.StartWebhookServer(t, []string{"--kubeconfig=" + *kubeconfig})
		defer stop()
		if err := applyWebhookConfigurations(ctx, *kubeconfig, server); err != nil {
			t.Fatal(err)
		}
		if err := runControllers(ctx, options, *autoApprove, func() { fmt.Fprintln(stdout, "ready") }); err != nil {
			t.Fatal(err)
		}
	}}
	always := func(_, _ string) (bool, error) { return true, nil }
	testing.Main(always, []testing.InternalTest{everything}, nil, nil)
}

// runControllers blocks until ctx ends; it calls ready once every informer has its first list.
func runControllers(ctx context.Context, options controller.ContextOptions, autoApprove bool, ready func()) error {
	factory, err := controller.NewContextFactory(ctx, options)
	if err != nil {
		return err
	}
	base, err := factory.Build()
	if err != nil {
		return err
	}
	done := make(chan error)
	running := 0
	for name, construct := range controller.Known() {
		if name == approver.ControllerName && !autoApprove {
			continue
		}
		c, err := construct(factory)
		if err != nil {
			return fmt.Errorf("controller %s: %w", name, err)
		}
		running++
		go func() { done <- c.Run(workersPerController, ctx) }()
	}
	base.SharedInformerFactory.Start(ctx.Done())
	base.KubeSharedInformerFactory.Start(ctx.Done())
	base.HTTP01ResourceMetadataInformersFactory.Start(ctx.Done())
	base.SharedInformerFactory.WaitForCacheSync(ctx.Done())
	base.KubeSharedInformerFactory.WaitForCacheSync(ctx.Done())
	if ctx.Err() == nil {
		ready()
	}
	for ; running > 0; running-- {
		if err := <-done; err != nil {
			return err
		}
	}
	return nil
}
