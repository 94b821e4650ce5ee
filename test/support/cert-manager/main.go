// The controllers and the webhook of cert-manager that the tests need, in one program: its own mains are modules that are not published.
// Without ACME, Vault and Venafi, which bring the libraries of every cloud along.
//
//	cert-manager controller KUBECONFIG NAMESPACE [-CONTROLLER...]
//	cert-manager webhook KUBECONFIG NAMESPACE PORT
//
// NAMESPACE: where the Secrets of ClusterIssuers, and of the webhook's own authority, lie.
// -CONTROLLER: one that is left out, such as -certificaterequests-approver.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"syscall"

	"golang.org/x/sync/errgroup"

	webhook "github.com/cert-manager/cert-manager/internal/webhook"
	"github.com/cert-manager/cert-manager/pkg/controller"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/approver"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/ca"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/selfsigned"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/issuing"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/keymanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/readiness"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/requestmanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/revisionmanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/trigger"
	_ "github.com/cert-manager/cert-manager/pkg/controller/clusterissuers"
	_ "github.com/cert-manager/cert-manager/pkg/controller/issuers"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/ca"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/selfsigned"
	logf "github.com/cert-manager/cert-manager/pkg/logs"
	"github.com/cert-manager/cert-manager/pkg/webhook/options"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(logf.NewContext(ctx, logf.Log), os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) >= 3 && args[0] == "controller":
		return runControllers(ctx, args[1], args[2], args[3:])
	case len(args) == 4 && args[0] == "webhook":
		return runWebhook(ctx, args[1], args[2], args[3])
	}
	return fmt.Errorf("usage: controller KUBECONFIG NAMESPACE [-CONTROLLER...] | webhook KUBECONFIG NAMESPACE PORT")
}

func runControllers(ctx context.Context, kubeconfig, namespace string, without []string) error {
	factory, err := controller.NewContextFactory(ctx, controller.ContextOptions{
		Kubeconfig:    kubeconfig,
		IssuerOptions: controller.IssuerOptions{ClusterResourceNamespace: namespace},
	})
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for name, construct := range controller.Known() {
		if slices.Contains(without, "-"+name) {
			continue
		}
		one, err := construct(factory)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		group.Go(func() error { return one.Run(2, ctx) })
	}
	shared, err := factory.Build()
	if err != nil {
		return err
	}
	shared.SharedInformerFactory.Start(ctx.Done())
	shared.KubeSharedInformerFactory.Start(ctx.Done())
	return group.Wait()
}

func runWebhook(ctx context.Context, kubeconfig, namespace, port string) error {
	settings, err := options.NewWebhookConfiguration()
	if err != nil {
		return err
	}
	number, err := strconv.ParseInt(port, 10, 32)
	if err != nil {
		return err
	}
	settings.KubeConfig = kubeconfig
	settings.SecurePort = int32(number)
	settings.HealthzPort = 0
	settings.MetricsListenAddress = "0"
	settings.TLSConfig.Dynamic.SecretNamespace = namespace
	settings.TLSConfig.Dynamic.SecretName = "webhook-ca"
	settings.TLSConfig.Dynamic.DNSNames = []string{"localhost"}
	server, err := webhook.NewCertManagerWebhookServer(logf.Log, *settings)
	if err != nil {
		return err
	}
	return server.Run(ctx)
}
