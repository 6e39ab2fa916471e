// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

// Package provider is what Terraform sees of HelpCrunch.
package provider

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/budget"
	"github.com/terraform-helpcrunch/terraform-provider-helpcrunch/internal/helpcrunch"
)

var (
	_ provider.Provider                  = (*helpcrunchProvider)(nil)
	_ provider.ProviderWithListResources = (*helpcrunchProvider)(nil)
	_ provider.ProviderWithActions       = (*helpcrunchProvider)(nil)
	_ provider.ProviderWithFunctions     = (*helpcrunchProvider)(nil)

	_ provider.ProviderWithEphemeralResources = (*helpcrunchProvider)(nil)

	_ provider.ProviderWithValidateConfig = (*helpcrunchProvider)(nil)
)

// The environment variables that stand in for attributes of the provider block.
const (
	envAPIKey            = "HELPCRUNCH_API_KEY"
	envBaseURL           = "HELPCRUNCH_BASE_URL"
	envRequestsPerMinute = "HELPCRUNCH_REQUESTS_PER_MINUTE"
	envBatchSize         = "HELPCRUNCH_BATCH_SIZE"
	envMaxRetries        = "HELPCRUNCH_MAX_RETRIES"
	envRequestTimeout    = "HELPCRUNCH_REQUEST_TIMEOUT"
	envDeletionPolicy    = "HELPCRUNCH_DELETION_POLICY"
	envOrganization      = "HELPCRUNCH_ORGANIZATION"
	envPersonalData      = "HELPCRUNCH_PERSONAL_DATA_IN_STATE"
	envAppendUserAgent   = "TF_APPEND_USER_AGENT" // Terraform's own
)

const maxRequestsPerMinute = 100_000

// New returns the provider. version is the release, for the user agent.
func New(version string) func() provider.Provider { return NewOver(version, nil) }

// NewOver returns the provider with its requests going over a transport, for
// where it runs in one process with what it talks to. nil is the network.
func NewOver(version string, transport http.RoundTripper) func() provider.Provider {
	return func() provider.Provider { return &helpcrunchProvider{version: version, transport: transport} }
}

type helpcrunchProvider struct {
	version   string
	transport http.RoundTripper
	// validated is set once Terraform has had its configuration validated, which
	// it does each time it starts the provider for a plan or an apply, and only
	// then: a terraform test (1.13: NodeProviderConfigure) goes without.
	validated atomic.Bool
}

type providerModel struct {
	APIKey            types.String `tfsdk:"api_key"`
	BaseURL           types.String `tfsdk:"base_url"`
	RequestsPerMinute types.Int64  `tfsdk:"requests_per_minute"`
	BatchSize         types.Int64  `tfsdk:"batch_size"`
	MaxRetries        types.Int64  `tfsdk:"max_retries"`
	RequestTimeout    types.String `tfsdk:"request_timeout"`
	DeletionPolicy    types.String `tfsdk:"deletion_policy"`
	Organization      types.String `tfsdk:"organization"`
	PersonalData      types.Bool   `tfsdk:"personal_data_in_state"`
}

func (p *helpcrunchProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "helpcrunch"
	resp.Version = p.version
}

func (p *helpcrunchProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Keeps the customers of a [HelpCrunch](https://helpcrunch.com) account as code.",
		Attributes: map[string]schema.Attribute{
			"api_key": schema.StringAttribute{
				Optional: true, Sensitive: true,
				MarkdownDescription: "The API key, from HelpCrunch under Settings > Developers > Public API, such as `\"aGVsbG8=\"`. Required, here or as `" + envAPIKey + "`; `\"\"` here is refused.",
			},
			"base_url": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: fmt.Sprintf("Where the API is served. `https` only, except for a loopback host such as `\"http://127.0.0.1:8080/v1\"`. "+
					"Default `\"%s\"`. Environment: `%s`.", helpcrunch.DefaultBaseURL, envBaseURL),
			},
			"requests_per_minute": schema.Int64Attribute{
				Optional: true,
				MarkdownDescription: fmt.Sprintf("How many requests to spend in any 60 seconds, 1 to %d, such as `60` to leave half of the limit to others. "+
					"Default `%d`, the limit of an account. Environment: `%s`.", maxRequestsPerMinute, helpcrunch.DefaultRequestsPerMinute, envRequestsPerMinute),
			},
			"batch_size": schema.Int64Attribute{
				Optional: true,
				MarkdownDescription: fmt.Sprintf("How many customers one request updates at most, 1 to %d. `1` updates each customer alone. "+
					"Default `%d`, the most that HelpCrunch takes. Environment: `%s`.", helpcrunch.MaxBatchSize, helpcrunch.MaxBatchSize, envBatchSize),
			},
			"max_retries": schema.Int64Attribute{
				Optional: true,
				MarkdownDescription: fmt.Sprintf("How often a request that met a fault (a lost connection, a 5xx) is repeated, 0 to %d, such as `2`. Waiting for the request limit is not a fault. "+
					"Default `%d`. Environment: `%s`.", maxMaxRetries, helpcrunch.DefaultMaxRetries, envMaxRetries),
			},
			"request_timeout": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: fmt.Sprintf("How long one attempt of a request may take: a duration such as `\"1m\"`, more than `\"0s\"`. "+
					"Default `\"%s\"`. Environment: `%s`.", helpcrunch.DefaultRequestTimeout, envRequestTimeout),
			},
			"deletion_policy": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "What a destroy does with customers whose resource does not say it: `\"delete\"`, `\"abandon\"` (forget them, leave them in HelpCrunch) or `\"prevent\"` (refuse). " +
					"`\"abandon\"` here also forgets those whom a destroy would otherwise refuse to touch, such as imported ones: nobody is deleted by it. " +
					"Default `\"" + deletionDelete + "\"`. Environment: `" + envDeletionPolicy + "`.",
			},
			"organization": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "The domain of the HelpCrunch account that this configuration is for, such as `\"acme\"`. The API key of another account is refused before anything else is sent, " +
					"and so is one whose account cannot be read. Left out, a state is kept to the account that it was made with. Environment: `" + envOrganization + "`.",
			},
			"personal_data_in_state": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether names, e-mail addresses, phone numbers and notes may stand in the state: `true` or `false`. With `false`, `name`, `email`, `phone` and `notes` of a customer are refused in favour of " +
					"their write-only twins, an import keeps digests of them and of custom data, and data sources and list results leave out what describes a person. Default `true`. Environment: `" + envPersonalData + "`.",
			},
		},
	}
}

const maxMaxRetries = 20

// ValidateConfig finds no fault; Configure does.
func (p *helpcrunchProvider) ValidateConfig(context.Context, provider.ValidateConfigRequest, *provider.ValidateConfigResponse) {
	p.validated.Store(true)
}

func (p *helpcrunchProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var model providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	settings := settings{diags: &resp.Diagnostics, unknown: new(unknownSettings)}
	key := settings.text("api_key", envAPIKey, model.APIKey, "")
	if model.APIKey.Equal(types.StringValue("")) {
		// Such as an empty file. The key of the environment may be another account's.
		resp.Diagnostics.AddAttributeError(path.Root("api_key"), "The API key is empty",
			"api_key is written and has no value. Look at where it comes from: a file, a variable, a secret store. "+
				"To use the environment variable "+envAPIKey+", leave api_key out, or write null. Nothing was sent.")
	} else if key == "" && !model.APIKey.IsUnknown() {
		resp.Diagnostics.AddAttributeError(path.Root("api_key"), "No API key",
			"The provider needs the API key of the account: set api_key in the provider block, or the environment variable "+envAPIKey+
				". The key stands in HelpCrunch under Settings > Developers > Public API.")
	}
	if strings.TrimSpace(key) != key || strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r > '~' }) {
		resp.Diagnostics.AddAttributeError(path.Root("api_key"), "The API key has stray characters",
			"api_key, or "+envAPIKey+", has a space, a line break or another character in it that no key has. Copy the key again.")
	}
	baseURL := settings.baseURL(model.BaseURL)
	limit := settings.number("requests_per_minute", envRequestsPerMinute, model.RequestsPerMinute, helpcrunch.DefaultRequestsPerMinute, 1, maxRequestsPerMinute)
	requestTimeout := settings.duration("request_timeout", envRequestTimeout, model.RequestTimeout, helpcrunch.DefaultRequestTimeout, time.Millisecond, time.Hour)
	config := helpcrunch.Config{
		BaseURL:        baseURL,
		APIKey:         key,
		UserAgent:      p.userAgent(req.TerraformVersion, &resp.Diagnostics),
		BatchSize:      settings.number("batch_size", envBatchSize, model.BatchSize, helpcrunch.MaxBatchSize, 1, helpcrunch.MaxBatchSize),
		MaxRetries:     settings.number("max_retries", envMaxRetries, model.MaxRetries, helpcrunch.DefaultMaxRetries, 0, maxMaxRetries),
		RequestTimeout: requestTimeout,
		Transport:      p.transport,
		Log:            tflogDebug,
	}
	policy := settings.text("deletion_policy", envDeletionPolicy, model.DeletionPolicy, deletionDelete)
	if model.DeletionPolicy.IsUnknown() {
		policy = "" // whoever deletes knows it
	} else if !slices.Contains(deletionPolicies, policy) {
		settings.refuse("deletion_policy", envDeletionPolicy, "Unknown deletion policy", "is one of "+quoted(deletionPolicies))
	}
	organization := settings.text("organization", envOrganization, model.Organization, "")
	personalData := settings.flag("personal_data_in_state", envPersonalData, model.PersonalData, true)
	digester, err := newDigester(key)
	if err != nil {
		resp.Diagnostics.AddError("No key for digests", err.Error())
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if len(settings.unknown.names) > 0 {
		if req.ClientCapabilities.DeferralAllowed {
			resp.Deferred = &provider.Deferred{Reason: provider.DeferredReasonProviderConfigUnknown}
		}
		// What needs no request can be planned all the same.
		config.Refused = settings.unknown
		config.Budget = budget.New(budget.Config{Limit: limit, Log: tflogInfo})
		if model.APIKey.IsUnknown() {
			digester = nil
		}
		account := newAccount(config, digester, policy, personalData)
		account.oneWalk = p.validated.Load()
		handOut(resp, account)
		return
	}
	file, err := budget.DefaultFile(baseURL.Host, key)
	if err != nil {
		tflog.Info(ctx, "no place for a request budget shared between processes, keeping it in memory", map[string]any{"error": err.Error()})
	}
	config.Budget = budget.New(budget.Config{Limit: limit, File: file, Hold: requestTimeout, Log: tflogInfo})
	account := newAccount(config, digester, policy, personalData)
	account.oneWalk = p.validated.Load()
	if organization != "" {
		resp.Diagnostics.Append(account.isOf(ctx, organization)...)
	}
	handOut(resp, account)
}

func handOut(resp *provider.ConfigureResponse, account *account) {
	resp.ResourceData = account
	resp.DataSourceData = account
	resp.ListResourceData = account
	resp.EphemeralResourceData = account
	resp.ActionData = account
}

func (p *helpcrunchProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{newCustomerResource, newCustomerTagResource}
}

func (p *helpcrunchProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{newCustomerDataSource, newCustomersDataSource}
}

func (p *helpcrunchProvider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{newCustomerListResource}
}

func (p *helpcrunchProvider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{newCustomerEphemeralResource}
}

func (p *helpcrunchProvider) Actions(context.Context) []func() action.Action {
	return []func() action.Action{newCustomerEventAction}
}

func (p *helpcrunchProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{newUnixTimestampFunction, newRFC3339Function}
}

func (p *helpcrunchProvider) userAgent(terraform string, diags *diag.Diagnostics) string {
	agent := fmt.Sprintf("terraform-provider-helpcrunch/%s (+https://github.com/terraform-helpcrunch/terraform-provider-helpcrunch) Terraform/%s", p.version, terraform)
	appended := strings.TrimSpace(os.Getenv(envAppendUserAgent))
	if strings.ContainsFunc(appended, unicode.IsControl) {
		diags.AddError("A user agent that cannot be sent",
			"The environment variable "+envAppendUserAgent+" has a line break or another control character in it. Write it on one line, or unset it. Nothing was sent.")
	}
	if appended != "" {
		agent += " " + appended
	}
	return agent
}

func tflogDebug(ctx context.Context, message string, fields map[string]any) {
	tflog.Debug(ctx, message, fields)
}

func tflogInfo(ctx context.Context, message string, fields map[string]any) {
	tflog.Info(ctx, message, fields)
}

// settings reads the provider block and the environment, and gathers what is wrong with them.
type settings struct {
	diags   *diag.Diagnostics
	unknown *unknownSettings
}

// unknownSettings are those that depend on what an apply has yet to make.
type unknownSettings struct {
	names []string
}

func (u *unknownSettings) Error() string {
	return fmt.Sprintf("not known yet in the provider block: %s. Nothing was sent", strings.Join(u.names, ", "))
}

// lookup is the environment variable where the attribute is left out. "" is
// left out as well: it is what a module hands on for what nobody wrote. An
// api_key of that kind is refused.
func (s settings) lookup(name, env string, value attr.Value) (text string, fromEnv bool) {
	if value.IsUnknown() {
		// The environment does not stand in for it: it may be another account's.
		s.unknown.names = append(s.unknown.names, name)
		return "", false
	}
	if !value.IsNull() && !value.Equal(types.StringValue("")) {
		return "", false
	}
	text = os.Getenv(env)
	return text, text != ""
}

func (s settings) refuse(name, env, summary, rule string) {
	s.diags.AddAttributeError(path.Root(name), summary, fmt.Sprintf("%s, or the environment variable %s, %s.", name, env, rule))
}

func (s settings) text(name, env string, value types.String, fallback string) string {
	text, fromEnv := s.lookup(name, env, value)
	switch {
	case fromEnv:
		return text
	case value.ValueString() == "":
		return fallback
	}
	return value.ValueString()
}

func (s settings) number(name, env string, value types.Int64, fallback, least, most int) int {
	number := int64(fallback)
	if text, fromEnv := s.lookup(name, env, value); fromEnv {
		parsed, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			parsed = int64(least) - 1
		}
		number = parsed
	} else if !value.IsNull() && !value.IsUnknown() {
		number = value.ValueInt64()
	}
	if number < int64(least) || number > int64(most) {
		s.refuse(name, env, "A setting of the provider is out of range", fmt.Sprintf("is a whole number from %d to %d", least, most))
		return fallback
	}
	return int(number)
}

func (s settings) flag(name, env string, value types.Bool, fallback bool) bool {
	text, fromEnv := s.lookup(name, env, value)
	switch {
	case fromEnv:
		parsed, err := strconv.ParseBool(text)
		if err != nil {
			s.refuse(name, env, "A setting of the provider is out of range", "is true or false")
		}
		return parsed
	case value.IsNull() || value.IsUnknown():
		return fallback
	}
	return value.ValueBool()
}

func (s settings) duration(name, env string, value types.String, fallback, least, most time.Duration) time.Duration {
	text := s.text(name, env, value, fallback.String())
	parsed, err := time.ParseDuration(text)
	if err != nil || parsed < least || parsed > most {
		s.refuse(name, env, "A setting of the provider is out of range", fmt.Sprintf("is a duration such as \"%s\", from %s to %s", fallback, least, most))
		return fallback
	}
	return parsed
}

// baseURL is https, or a loopback host: everything else would show the key
// and people's data to the network.
func (s settings) baseURL(value types.String) *url.URL {
	base, err := url.Parse(s.text("base_url", envBaseURL, value, helpcrunch.DefaultBaseURL))
	switch {
	case err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" || base.User != nil || base.RawQuery != "" || base.Fragment != "":
		s.refuse("base_url", envBaseURL, "Not a base URL", fmt.Sprintf("is a URL such as %q", helpcrunch.DefaultBaseURL))
	case base.Scheme == "http" && !isLoopback(base.Hostname()):
		s.refuse("base_url", envBaseURL, "The base URL is not encrypted",
			"must begin with https://: over http the API key and the customers' data can be read on the way. Only a loopback host such as 127.0.0.1 may use http")
	default:
		return base
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
