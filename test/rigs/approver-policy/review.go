package main

import (
	"context"
	"errors"
	"slices"

	policyapi "github.com/cert-manager/approver-policy/pkg/apis/policy/v1alpha1"
	"github.com/cert-manager/approver-policy/pkg/approver"
	"github.com/cert-manager/approver-policy/pkg/approver/manager"
	"github.com/cert-manager/approver-policy/pkg/internal/approver/allowed"
	"github.com/cert-manager/approver-policy/pkg/internal/approver/constraints"
	internalmanager "github.com/cert-manager/approver-policy/pkg/internal/approver/manager"
	cmapi "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	authzv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

// reviewQuestion is everything that the controller reads before it decides.
type reviewQuestion struct {
	Policies        []policyapi.CertificateRequestPolicy `json:"policies"`
	Request         cmapi.CertificateRequest             `json:"request"`
	NamespaceLabels map[string]string                    `json:"namespaceLabels"`
	// MayUse names the policies that RBAC lets the requester use.
	MayUse []string `json:"mayUse"`
}

type reviewAnswer struct {
	Decision string `json:"decision"`
	Message  string `json:"message"`
}

type policyQuestion struct {
	Policy policyapi.CertificateRequestPolicy `json:"policy"`
}

type policyAnswer struct {
	Allowed bool     `json:"allowed"`
	Errors  []string `json:"errors"`
}

// The validators of both approvers cache compiled rules, as in the controller.
var approvers = []approver.Interface{allowed.Approver(), constraints.Approver()}

func ask(q question) (any, error) {
	switch {
	case q.Review != nil:
		return review(q.Review)
	case q.Validate != nil:
		return validate(&q.Validate.Policy)
	}
	return nil, errors.New("the question asks nothing")
}

func review(q *reviewQuestion) (*reviewAnswer, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		policyapi.AddToScheme, cmapi.AddToScheme, corev1.AddToScheme, authzv1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	objects := []client.Object{&corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{Name: q.Request.Namespace, Labels: q.NamespaceLabels},
	}}
	for i := range q.Policies {
		objects = append(objects, &q.Policies[i])
	}
	kube := fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).
		WithInterceptorFuncs(interceptor.Funcs{
			Create: func(_ context.Context, _ client.WithWatch, object client.Object, _ ...client.CreateOption) error {
				access, ok := object.(*authzv1.SubjectAccessReview)
				if !ok {
					return errors.New("only SubjectAccessReviews are created")
				}
				access.Status.Allowed = slices.Contains(q.MayUse, access.Spec.ResourceAttributes.Name)
				return nil
			},
		}).Build()
	var evaluators []approver.Evaluator
	for _, a := range approvers {
		evaluators = append(evaluators, a)
	}
	response, err := internalmanager.New(kube, evaluators).Review(context.Background(), &q.Request)
	if err != nil {
		return &reviewAnswer{Decision: "error", Message: err.Error()}, nil
	}
	decision := map[manager.ReviewResult]string{
		manager.ResultApproved:    "approved",
		manager.ResultDenied:      "denied",
		manager.ResultUnprocessed: "unprocessed",
	}[response.Result]
	return &reviewAnswer{Decision: decision, Message: response.Message}, nil
}

// validate asks the approvers' part of the webhook; that of the selector and the plugins is beside it in the webhook.
func validate(policy *policyapi.CertificateRequestPolicy) (*policyAnswer, error) {
	answer := &policyAnswer{Allowed: true, Errors: []string{}}
	for _, a := range approvers {
		response, err := a.Validate(context.Background(), policy)
		if err != nil {
			return nil, err
		}
		answer.Allowed = answer.Allowed && response.Allowed
		for _, e := range field.ErrorList(response.Errors) {
			answer.Errors = append(answer.Errors, e.Error())
		}
	}
	return answer, nil
}
