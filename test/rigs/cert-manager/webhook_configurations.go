package main

import (
	"context"

	webhooktesting "github.com/cert-manager/cert-manager/test/webhook"
	admission "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ac "k8s.io/client-go/applyconfigurations/admissionregistration/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// applyWebhookConfigurations registers the webhook as cert-manager's chart does, by URL instead of by Service.
func applyWebhookConfigurations(ctx context.Context, kubeconfig string, server webhooktesting.ServerOptions) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	registrations := client.AdmissionregistrationV1()
	force := metav1.ApplyOptions{FieldManager: "cert-manager-rig", Force: true}

	mutating := ac.MutatingWebhook().
		WithName("webhook.cert-manager.io").
		WithRules(rule([]string{"cert-manager.io"}, "certificaterequests", admission.Create)).
		WithAdmissionReviewVersions("v1").
		WithMatchPolicy(admission.Equivalent).
		WithFailurePolicy(admission.Fail).
		WithSideEffects(admission.SideEffectClassNone).
		WithTimeoutSeconds(30).
		WithClientConfig(clientConfig(server, "/mutate"))
	if _, err := registrations.MutatingWebhookConfigurations().Apply(ctx,
		ac.MutatingWebhookConfiguration("cert-manager-webhook").WithWebhooks(mutating), force); err != nil {
		return err
	}

	validating := ac.ValidatingWebhook().
		WithName("webhook.cert-manager.io").
		WithRules(rule([]string{"cert-manager.io", "acme.cert-manager.io"}, "*/*", admission.Create, admission.Update)).
		WithAdmissionReviewVersions("v1").
		WithMatchPolicy(admission.Equivalent).
		WithFailurePolicy(admission.Fail).
		WithSideEffects(admission.SideEffectClassNone).
		WithTimeoutSeconds(30).
		WithClientConfig(clientConfig(server, "/validate"))
	_, err = registrations.ValidatingWebhookConfigurations().Apply(ctx,
		ac.ValidatingWebhookConfiguration("cert-manager-webhook").WithWebhooks(validating), force)
	return err
}

func rule(groups []string, resource string, operations ...admission.OperationType) *ac.RuleWithOperationsApplyConfiguration {
	return ac.RuleWithOperations().
		WithAPIGroups(groups...).
		WithAPIVersions("v1").
		WithResources(resource).
		WithOperations(operations...)
}

func clientConfig(server webhooktesting.ServerOptions, path string) *ac.WebhookClientConfigApplyConfiguration {
	return ac.WebhookClientConfig().WithURL(server.URL + path).WithCABundle(server.CAPEM...)
}
