//! The table of keys that issuers hand out: how each looks, by the issuer's own documentation.
//!
//! A row is tried only where one of its `starts` stands at the beginning of a word; `body` is what follows, and the
//! value is the first group of it, or start and body together.

/// How a match is checked further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// The form alone is sure.
    Form,
    /// At least so many tenths of a bit of entropy for each character.
    Entropy(u8),
    /// A header that decodes to JSON.
    Jwt,
}

/// One kind of key.
pub(super) struct Row {
    pub(super) class: &'static str,
    pub(super) starts: &'static [&'static str],
    pub(super) body: &'static str,
    pub(super) check: Check,
}

const fn row(class: &'static str, starts: &'static [&'static str], body: &'static str) -> Row {
    Row { class, starts, body, check: Check::Entropy(25) }
}

const fn sure(class: &'static str, starts: &'static [&'static str], body: &'static str) -> Row {
    Row { class, starts, body, check: Check::Form }
}

/// Every kind, by branch of trade.
pub(super) const ROWS: &[Row] = &[
    // Clouds. docs.aws.amazon.com/IAM: reference_identifiers (prefixes of unique ids).
    sure("secret:aws_access_key", &["AKIA", "ASIA", "ABIA", "ACCA", "A3T"], r"[A-Z0-9]{16,17}\b"),
    row("secret:aws_bedrock_key", &["ABSK", "bedrock-api-key-"], r"[A-Za-z0-9+/]{60,300}={0,2}"),
    row("secret:aws_appsync_key", &["da2-"], r"[a-z0-9]{26}\b"),
    sure("secret:aws_mws_token", &["amzn.mws."], r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    // cloud.google.com/docs/authentication/api-keys; developers.google.com/identity/protocols/oauth2
    row("secret:google_api_key", &["AIza"], r"[A-Za-z0-9_-]{35}"),
    row("secret:google_oauth_secret", &["GOCSPX-"], r"[A-Za-z0-9_-]{28}"),
    row("secret:google_oauth_token", &["ya29."], r"[A-Za-z0-9_-]{20,400}"),
    row("secret:google_refresh_token", &["1//0"], r"[A-Za-z0-9_-]{35,120}"),
    row("secret:azure_storage_key", &["AccountKey="], r"([A-Za-z0-9+/]{40,90}={0,2})"),
    row("secret:azure_shared_key", &["SharedAccessKey=", ";Secret="], r"([A-Za-z0-9+/]{40,90}={0,2})"),
    row("secret:azure_signature", &["sig="], r"([A-Za-z0-9%+/]{40,70}(?:%3D|=))"),
    row("secret:alibaba_access_key", &["LTAI"], r"[A-Za-z0-9]{16,24}\b"),
    // docs.digitalocean.com/reference/api: token prefixes
    row("secret:digitalocean_token", &["dop_v1_", "doo_v1_", "dor_v1_"], r"[a-f0-9]{64}\b"),
    row("secret:heroku_key", &["HRKU-"], r"[A-Za-z0-9_-]{36,64}"),
    row("secret:cloudflare_origin_key", &["v1.0-"], r"[a-f0-9]{24}-[a-f0-9]{146}"),
    row("secret:yandex_key", &["AQVN"], r"[A-Za-z0-9_-]{35,38}"),
    // Code and packages. github.blog: behind GitHub's new authentication token formats
    row("secret:github_token", &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], r"[A-Za-z0-9]{36,76}\b"),
    row("secret:github_fine_grained", &["github_pat_"], r"[A-Za-z0-9_]{36,120}"),
    // docs.gitlab.com/security/tokens
    row(
        "secret:gitlab_token",
        &[
            "glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glimt-", "glagent-", "glsoat-", "gloas-",
            "glffct-", "glwt-",
        ],
        r"[A-Za-z0-9_.-]{20,300}",
    ),
    row("secret:gitlab_runner", &["GR1348941"], r"[A-Za-z0-9_-]{20}"),
    row("secret:bitbucket_password", &["ATBB"], r"[A-Za-z0-9_=.-]{28,40}"),
    row("secret:npm_token", &["npm_"], r"[A-Za-z0-9]{36}\b"),
    row("secret:pypi_token", &["pypi-"], r"AgE[A-Za-z0-9_-]{50,300}"),
    row("secret:crates_token", &["cio"], r"[A-Za-z0-9]{32}\b"),
    row("secret:rubygems_key", &["rubygems_"], r"[a-f0-9]{48}\b"),
    row("secret:nuget_key", &["oy2"], r"[a-z0-9]{43}\b"),
    row("secret:clojars_token", &["CLOJARS_"], r"[A-Za-z0-9]{60}\b"),
    row("secret:docker_token", &["dckr_pat_", "dckr_oat_"], r"[A-Za-z0-9_-]{27,32}"),
    row("secret:jfrog_key", &["AKCp", "cmVmdGtu"], r"[A-Za-z0-9]{50,80}\b"),
    row("secret:sonar_token", &["sqp_", "squ_", "sqa_"], r"[a-f0-9]{40}\b"),
    row("secret:sourcegraph_token", &["sgp_", "slk_", "sgd_"], r"(?:[A-Za-z0-9-]{1,20}_)?[a-f0-9]{40,64}\b"),
    row("secret:postman_key", &["PMAK-"], r"[a-f0-9]{24}-[a-f0-9]{34}"),
    row("secret:pulumi_token", &["pul-"], r"[a-f0-9]{40}\b"),
    row("secret:prefect_key", &["pnu_"], r"[A-Za-z0-9]{36}\b"),
    row("secret:readme_key", &["rdme_"], r"[a-z0-9]{70}\b"),
    row("secret:harness_key", &["pat.", "sat."], r"[A-Za-z0-9_-]{22}\.[a-f0-9]{24}\.[A-Za-z0-9]{20}\b"),
    // Chat. api.slack.com/authentication/token-types
    row(
        "secret:slack_token",
        &["xoxb-", "xoxp-", "xoxa-", "xoxo-", "xoxs-", "xoxr-", "xoxe-", "xoxe.", "xapp-", "xoxc-", "xoxd-"],
        r"[A-Za-z0-9.%_-]{10,300}",
    ),
    row("secret:slack_webhook", &["hooks.slack.com/"], r"(?:services|workflows|triggers)/[A-Za-z0-9/_-]{20,90}"),
    row(
        "secret:discord_webhook",
        &["discord.com/api/webhooks/", "discordapp.com/api/webhooks/"],
        r"[0-9]{17,20}/[A-Za-z0-9_-]{60,80}",
    ),
    row(
        "secret:teams_webhook",
        &["webhook.office.com/webhookb2/", "outlook.office.com/webhook/"],
        r"[A-Za-z0-9@/-]{80,220}",
    ),
    row("secret:facebook_token", &["EAA"], r"[A-Za-z0-9]{30,250}\b"),
    // Payment. docs.stripe.com/keys; developer.squareup.com/docs/build-basics/access-tokens
    row(
        "secret:stripe_key",
        &["sk_live_", "sk_test_", "rk_live_", "rk_test_", "sk_prod_", "rk_prod_", "whsec_"],
        r"[A-Za-z0-9+/=]{10,247}",
    ),
    row("secret:square_token", &["sq0atp-", "sq0atb-", "sq0csp-", "EAAA"], r"[A-Za-z0-9_-]{22,64}"),
    row("secret:paypal_token", &["access_token$production$", "access_token$sandbox$"], r"[a-z0-9]{16}\$[a-f0-9]{32}"),
    row("secret:adyen_key", &["AQE"], r"[A-Za-z0-9+/=]{60,200}-[A-Za-z0-9+/=]{20,60}"),
    row("secret:flutterwave_key", &["FLWSECK", "FLWSECK_TEST-"], r"[A-Za-z0-9_-]{12,60}"),
    row("secret:easypost_key", &["EZAK", "EZTK"], r"[A-Za-z0-9]{54}\b"),
    row("secret:shippo_token", &["shippo_live_", "shippo_test_"], r"[a-fA-F0-9]{40}\b"),
    // Providers of models.
    row("secret:anthropic_key", &["sk-ant-"], r"[A-Za-z0-9_-]{30,120}"),
    row("secret:openai_key", &["sk-"], r"(?:proj-|svcacct-|admin-|None-)?[A-Za-z0-9_-]{32,200}"),
    row("secret:huggingface_token", &["hf_", "api_org_"], r"[A-Za-z0-9]{30,40}\b"),
    row("secret:groq_key", &["gsk_"], r"[A-Za-z0-9]{48,56}\b"),
    row("secret:replicate_token", &["r8_"], r"[A-Za-z0-9]{37,40}\b"),
    row("secret:perplexity_key", &["pplx-"], r"[A-Za-z0-9]{48}\b"),
    row("secret:xai_key", &["xai-"], r"[A-Za-z0-9]{60,90}\b"),
    row("secret:firecrawl_key", &["fc-"], r"[a-f0-9]{32}\b"),
    row("secret:tavily_key", &["tvly-"], r"[A-Za-z0-9-]{20,60}\b"),
    row("secret:jina_key", &["jina_"], r"[A-Za-z0-9_-]{50,70}"),
    row("secret:langsmith_key", &["lsv2_pt_", "lsv2_sk_"], r"[a-f0-9]{32}_[a-f0-9]{10}"),
    // Mail and telephones.
    row("secret:sendgrid_key", &["SG."], r"[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}"),
    row("secret:mailgun_key", &["key-"], r"[a-f0-9]{32}\b"),
    row("secret:twilio_key", &["SK"], r"[a-f0-9]{32}\b"),
    // Watching systems.
    row("secret:newrelic_key", &["NRAK-", "NRII-", "NRIQ-", "NRRA-", "NRAA-", "NRJS-"], r"[A-Za-z0-9_-]{19,48}"),
    row("secret:sentry_token", &["sntrys_", "sntryu_"], r"[A-Za-z0-9+/=_-]{40,200}"),
    row("secret:grafana_token", &["glsa_", "glc_"], r"[A-Za-z0-9+/=_]{32,400}"),
    row("secret:dynatrace_token", &["dt0c01.", "dt0s01."], r"[A-Z0-9]{24}\.[A-Z0-9]{64}\b"),
    row("secret:stackhawk_key", &["hawk."], r"[A-Za-z0-9_-]{20}\.[A-Za-z0-9_-]{20}"),
    // Stores of secrets.
    row("secret:vault_token", &["hvs.", "hvb.", "hvr."], r"[A-Za-z0-9_-]{24,300}"),
    row("secret:vault_token", &["s.", "b.", "r."], r"[A-Za-z0-9]{24,26}\b"),
    row("secret:terraform_token", &[".atlasv1."], r"[A-Za-z0-9_=-]{60,70}"),
    row(
        "secret:doppler_token",
        &["dp.pt.", "dp.ct.", "dp.st.", "dp.sa.", "dp.scim.", "dp.audit."],
        r"(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}\b",
    ),
    row("secret:1password_token", &["ops_ey"], r"[A-Za-z0-9+/=_-]{200,1200}"),
    row("secret:age_key", &["AGE-SECRET-KEY-1"], r"[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}\b"),
    // Work and shops.
    row("secret:shopify_token", &["shpat_", "shpca_", "shppa_", "shpss_"], r"[a-fA-F0-9]{32}\b"),
    row("secret:atlassian_token", &["ATATT3", "ATCTT3"], r"[A-Za-z0-9_=-]{60,220}"),
    row("secret:linear_key", &["lin_api_", "lin_oauth_"], r"[A-Za-z0-9]{32,64}\b"),
    row("secret:notion_token", &["ntn_"], r"[A-Za-z0-9]{40,50}\b"),
    row("secret:figma_token", &["figd_", "figu_", "figo_"], r"[A-Za-z0-9_-]{38,60}"),
    row("secret:airtable_token", &["pat"], r"[A-Za-z0-9]{14}\.[a-f0-9]{64}\b"),
    row("secret:mapbox_token", &["sk.eyJ", "tk.eyJ", "pk.eyJ"], r"[A-Za-z0-9_-]{40,200}\.[A-Za-z0-9_-]{16,40}"),
    row("secret:netlify_token", &["nfp_"], r"[A-Za-z0-9]{36,40}\b"),
    row("secret:supabase_key", &["sbp_", "sb_secret_"], r"[A-Za-z0-9_-]{30,60}"),
    row("secret:planetscale_token", &["pscale_tkn_", "pscale_oauth_", "pscale_pw_"], r"[A-Za-z0-9_=.-]{32,64}"),
    row("secret:databricks_token", &["dapi", "dose", "dkea"], r"[a-f0-9]{32}(?:-[0-9])?\b"),
    row("secret:dropbox_token", &["sl."], r"[A-Za-z0-9_-]{60,200}"),
    row("secret:adobe_secret", &["p8e-"], r"[A-Za-z0-9_-]{32}"),
    row("secret:clickhouse_key", &["4b1d"], r"[A-Za-z0-9]{38}\b"),
    row("secret:intra42_secret", &["s-s4t2ud-", "s-s4t2af-"], r"[a-f0-9]{64}\b"),
    row("secret:settlemint_token", &["sm_pat_", "sm_aat_", "sm_sat_"], r"[A-Za-z0-9]{16}\b"),
    row(
        "secret:authress_key",
        &["sc_", "ext_", "scauth_", "authress_"],
        r"[a-z0-9]{5,30}\.[a-z0-9]{4,6}\.(?:acc[_-])?[a-z0-9-]{10,32}\.[A-Za-z0-9+/_=-]{30,120}",
    ),
    row("secret:maxmind_key", &["_mmk"], r"\b"),
    row("secret:odd_django_key", &["django-insecure-"], r"[^\s'\x22]{30,60}"),
    row(
        "secret:password_hash",
        &["$2a$", "$2b$", "$2y$", "$1$", "$5$", "$6$", "$8$", "$9$", "$krb5asrep$", "$argon2"],
        r"[^\s'\x22,]{24,600}",
    ),
    Row {
        class: "secret:jwt",
        starts: &["eyJ"],
        body: r"[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{6,3000}(?:\.[A-Za-z0-9_-]{0,1000})?",
        check: Check::Jwt,
    },
    // Places that hold a credential by their nature: RFC 7617 and 6750, RFC 3986 user information, netrc(5).
    row(
        "secret:authorization",
        &["Authorization: Basic ", "Authorization: Bearer ", "Authorization: token "],
        r"([A-Za-z0-9+/._=~-]{12,2000})",
    ),
    row("secret:authorization", &["bearer "], r"([A-Za-z0-9+/._=~-]{24,2000})"),
    Row {
        class: "secret:connection_password",
        starts: &["://"],
        body: r"[^\s/:@'\x22<>]{0,100}:([^\s/@'\x22<>]{2,200})@[A-Za-z0-9\[*._-]",
        check: Check::Form,
    },
    Row {
        class: "secret:netrc",
        starts: &["machine "],
        body: r"\S{1,100}\s{1,8}login\s{1,4}\S{1,100}\s{1,8}password\s{1,4}(\S{4,200})",
        check: Check::Form,
    },
];
