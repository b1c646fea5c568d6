//! The table of keys that issuers hand out: how each looks, by the issuer's own documentation.
//!
//! A row is tried only where one of its `starts` stands, at the beginning of a word or behind `left`; `body` is what
//! follows (`shape` says how forms are written). The value is the group in it, or all of left, start and body.

/// How a match is checked further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// The form alone is sure.
    Form,
    /// It must look drawn, not written.
    Drawn,
    /// A header that decodes to JSON.
    Jwt,
}

/// One kind of key.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) class: &'static str,
    pub(super) left: &'static str,
    pub(super) starts: &'static [&'static str],
    pub(super) body: &'static str,
    pub(super) check: Check,
}

const fn row(class: &'static str, starts: &'static [&'static str], body: &'static str) -> Row {
    Row { class, left: "", starts, body, check: Check::Drawn }
}

const fn sure(class: &'static str, starts: &'static [&'static str], body: &'static str) -> Row {
    Row { class, left: "", starts, body, check: Check::Form }
}

const fn amid(class: &'static str, left: &'static str, starts: &'static [&'static str], body: &'static str) -> Row {
    Row { class, left, starts, body, check: Check::Drawn }
}

const UUID: &str = r"\h{8}-\h{4}-\h{4}-\h{4}-\h{12}";

/// Clouds, code and packages.
const BUILDING: &[Row] = &[
    // docs.aws.amazon.com/IAM: reference_identifiers (prefixes of unique ids)
    sure("secret.aws_access_key", &["AKIA", "ASIA", "ABIA", "ACCA"], r"[A-Z0-9]{16}"),
    sure("secret.aws_access_key", &["A3T"], r"[A-Z0-9]{17}"),
    row("secret.aws_bedrock_key", &["ABSK"], r"\b{60,300}={0,2}"),
    sure("secret.aws_bedrock_key", &["bedrock-api-key-"], r"\b{28,300}={0,2}"),
    row("secret.aws_appsync_key", &["da2-"], r"[a-z0-9]{26}"),
    sure("secret.aws_mws_token", &["amzn.mws."], UUID),
    // cloud.google.com/docs/authentication/api-keys; developers.google.com/identity/protocols/oauth2
    row("secret.google_api_key", &["AIza"], r"\u{35}"),
    row("secret.google_oauth_secret", &["GOCSPX-"], r"\u{28}"),
    row("secret.google_oauth_token", &["ya29."], r"\u{20,1000}"),
    amid("secret.google_client_id", r"[a-z0-9-]{42,48}", &[".apps.googleusercontent.com"], ""),
    row("secret.google_refresh_token", &["1//0"], r"\u{35,120}"),
    // learn.microsoft.com: storage and shared access connection strings; marks of generated keys
    row("secret.azure_storage_key", &["AccountKey="], r"([A-Za-z0-9+/]{40,90}={0,2})"),
    row("secret.azure_shared_key", &["SharedAccessKey=", ";Secret="], r"([A-Za-z0-9+/]{40,90}={0,2})"),
    row("secret.azure_signature", &["sig="], r"([A-Za-z0-9%+/]{40,70}={0,1})"),
    amid("secret.azure_client_secret", r"[A-Za-z0-9_~.-]{3}", &["7Q~", "8Q~"], r"[A-Za-z0-9_~.-]{31,34}"),
    amid("secret.azure_devops_token", r"\a{76}", &["AZDO"], r"\a{4}"),
    amid("secret.azure_key", r"\a{52}", &["JQQJ99"], r"\a{26}"),
    amid("secret.azure_key", r"\b{76}", &["+ASt", "+AMC", "+ARm", "+ABa", "+ACR"], r"\b{6}=="),
    amid("secret.azure_key", r"\u{44}", &["AzFu"], r"\u{8}=="),
    amid("secret.azure_key", r"\a{42}", &["AzSe", "+ACR"], r"\a{6}"),
    row("secret.alibaba_access_key", &["LTAI"], r"\a{16,24}"),
    row("secret.tencent_access_key", &["AKID"], r"\a{32}"),
    row("secret.yandex_key", &["AQVN"], r"\u{35,38}"),
    row("secret.yandex_token", &["y0_"], r"\u{50,100}"),
    row("secret.ibm_key", &["ApiKey-"], UUID),
    row("secret.oracle_key", &["ocid1.credential.oc1.."], r"[a-z0-9]{60}"),
    row("secret.scaleway_key", &["SCW"], r"[A-Z0-9]{17}"),
    // docs.digitalocean.com/reference/api: token prefixes
    row("secret.digitalocean_token", &["dop_v1_", "doo_v1_", "dor_v1_"], r"\h{64}"),
    row("secret.heroku_key", &["HRKU-"], r"\u{36,64}"),
    row("secret.cloudflare_origin_key", &["v1.0-"], r"\h{24}-\h{146}"),
    row("secret.flyio_token", &["fo1_"], r"\u{43}"),
    row("secret.flyio_token", &["fm1a_", "fm1r_", "fm2_"], r"\b{60,1000}={0,3}"),
    row("secret.render_key", &["rnd_"], r"\a{28,40}"),
    row("secret.vercel_token", &["vcp_", "vci_", "vca_", "vcr_", "vck_"], r"\a{40,80}"),
    row("secret.vercel_token", &["vercel_blob_rw_"], r"\a{8,32}_\a{20,40}"),
    row("secret.deno_token", &["ddp_", "ddo_", "ddw_"], r"\a{36}"),
    row("secret.netlify_token", &["nfp_", "nfc_", "nfo_", "nfu_", "nfb_"], r"\a{36,40}"),
    row("secret.tailscale_key", &["tskey-auth-", "tskey-api-", "tskey-client-", "tskey-scim-"], r"\a{8,32}-\a{16,64}"),
    row("secret.tailscale_key", &["tskey-"], r"\a{8,32}-\a{16,64}"),
    row("secret.openshift_token", &["sha256~"], r"\u{43}"),
    // github.blog: behind GitHub's new authentication token formats
    row("secret.github_token", &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], r"\a{36,76}"),
    row("secret.github_token", &["github_pat_"], r"\w{36,120}"),
    // docs.gitlab.com/security/tokens
    row(
        "secret.gitlab_token",
        &[
            "glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glimt-", "glagent-", "glsoat-", "gloas-",
            "glffct-", "glwt-", "glrtr-",
        ],
        r"[A-Za-z0-9_.-]{20,300}",
    ),
    row("secret.gitlab_token", &["GR1348941"], r"\u{20}"),
    row("secret.gitlab_session", &["_gitlab_session="], r"(\h{32})"),
    row("secret.bitbucket_token", &["ATBB"], r"[A-Za-z0-9_=.-]{28,40}"),
    row("secret.bitbucket_token", &["BBDC-"], r"[A-Za-z0-9+/@_-]{40,50}"),
    row("secret.npm_token", &["npm_"], r"\a{36}"),
    row("secret.pypi_token", &["pypi-AgE"], r"\u{50,1000}"),
    row("secret.crates_token", &["cio"], r"\a{32}"),
    row("secret.rubygems_key", &["rubygems_"], r"\h{48}"),
    row("secret.nuget_key", &["oy2"], r"[a-z0-9]{43}"),
    row("secret.clojars_token", &["CLOJARS_"], r"\a{60}"),
    row(
        "secret.packagist_token",
        &["packagist_ort_", "packagist_ors_", "packagist_uut_", "packagist_uus_"],
        r"\h{60,80}",
    ),
    row("secret.docker_token", &["dckr_pat_", "dckr_oat_"], r"\u{27,32}"),
    row("secret.jfrog_key", &["AKCp"], r"\a{60,80}"),
    row("secret.jfrog_token", &["cmVmd"], r"\a{59}"),
    row("secret.sonar_token", &["sqp_", "squ_", "sqa_"], r"\h{40}"),
    row("secret.sourcegraph_token", &["sgp_", "slk_", "sgd_", "sgp_local_"], r"\x{40,64}"),
    row("secret.sourcegraph_token", &["sgp_"], r"\x{16}_\x{40}"),
    row("secret.postman_key", &["PMAK-"], r"\h{24}-\h{34}"),
    row("secret.pulumi_token", &["pul-"], r"\h{40}"),
    row("secret.prefect_key", &["pnu_", "pnb_"], r"\a{36}"),
    row("secret.circleci_token", &["CCIPAT_", "CCIPRJ_"], r"\a{22}_\h{40}"),
    row("secret.buildkite_token", &["bkua_", "bkaj_"], r"\h{40}"),
    row("secret.octopus_key", &["API-"], r"[A-Z0-9]{25,31}"),
    row("secret.readme_key", &["rdme_"], r"[a-z0-9]{70}"),
    row("secret.harness_key", &["pat.", "sat."], r"\u{22}.\a{24}.\a{20}"),
    row("secret.snyk_token", &["snyk_uat.", "snyk_sat."], r"\u{8,40}.\u{20,1000}.\u{20,400}"),
    row("secret.launchdarkly_key", &["sdk-", "api-", "mob-"], UUID),
    row("secret.dependency_track_key", &["odt_"], r"\a{32,40}"),
    row("secret.dependency_track_key", &["odt_"], r"\a{8}_\a{32}"),
    amid("secret.terraform_token", r"\a{14}", &[".atlasv1."], r"[A-Za-z0-9_=-]{60,70}"),
    // Stores of secrets.
    row("secret.vault_token", &["hvs.", "hvb.", "hvr."], r"\u{24,300}"),
    row("secret.vault_token", &["s.", "b.", "r."], r"\a{24,26}"),
    row(
        "secret.doppler_token",
        &["dp.pt.", "dp.ct.", "dp.st.", "dp.sa.", "dp.scim.", "dp.audit.", "dp.said."],
        r"\a{40,44}",
    ),
    row("secret.doppler_token", &["dp.st."], r"[a-z0-9_-]{2,35}.\a{40,44}"),
    row("secret.onepassword_token", &["ops_ey"], r"[A-Za-z0-9+/=_-]{200,2000}"),
    row("secret.onepassword_key", &["A3-"], r"[A-Z0-9]{6}-[A-Z0-9]{6,11}-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}"),
    row("secret.onepassword_key", &["A3-"], r"[A-Z0-9]{6}-[A-Z0-9]{6}-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}"),
    row("secret.infisical_token", &["st."], r"\h{24}.\h{32}.\h{32}"),
    sure("secret.age_key", &["AGE-SECRET-KEY-1"], r"[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}"),
    // Providers of models.
    row("secret.anthropic_key", &["sk-ant-"], r"\u{30,160}"),
    row("secret.openai_key", &["sk-"], r"\u{32,260}"),
    row("secret.openrouter_key", &["sk-or-v1-"], r"\h{64}"),
    row("secret.langfuse_key", &["sk-lf-"], UUID),
    row("secret.huggingface_token", &["hf_", "api_org_"], r"\a{30,40}"),
    row("secret.groq_key", &["gsk_"], r"\a{48,56}"),
    row("secret.replicate_token", &["r8_"], r"\a{37,40}"),
    row("secret.perplexity_key", &["pplx-"], r"\a{48,56}"),
    row("secret.xai_key", &["xai-"], r"\a{60,90}"),
    row("secret.nvidia_key", &["nvapi-"], r"\u{60,80}"),
    row("secret.cerebras_key", &["csk-"], r"[a-z0-9]{48}"),
    row("secret.fireworks_key", &["fw_"], r"\a{22,24}"),
    row("secret.voyage_key", &["pa-"], r"\u{43}"),
    row("secret.elevenlabs_key", &["sk_"], r"\h{48}"),
    row("secret.pinecone_key", &["pcsk_"], r"\w{60,90}"),
    row("secret.e2b_key", &["e2b_"], r"\h{40}"),
    row("secret.runpod_key", &["rpa_"], r"\a{40,50}"),
    row("secret.modal_token", &["ak-", "as-"], r"\a{22}"),
    row("secret.anyscale_key", &["esecret_", "aph0_"], r"\a{20,60}"),
    row("secret.firecrawl_key", &["fc-"], r"\h{32}"),
    row("secret.tavily_key", &["tvly-"], r"[A-Za-z0-9-]{20,60}"),
    row("secret.jina_key", &["jina_"], r"\u{50,70}"),
    row("secret.langsmith_key", &["lsv2_pt_", "lsv2_sk_"], r"\h{32}_\h{10}"),
    row("secret.wandb_key", &["wandb_v1_"], r"\w{40,100}"),
];

/// Everything else that is handed out.
const TRADING: &[Row] = &[
    // Chat. api.slack.com/authentication/token-types
    row("secret.slack_token", &["xoxb-", "xoxp-", "xoxa-", "xoxo-", "xoxs-", "xoxr-"], r"[A-Za-z0-9-]{10,300}"),
    row("secret.slack_token", &["xoxe-", "xoxe.", "xapp-", "xoxc-", "xoxd-"], r"[A-Za-z0-9.%_/+-]{10,400}"),
    row("secret.slack_webhook", &["hooks.slack.com/"], r"[stw][ervicoklfwtg]{6,8}[s]{0,1}/[A-Za-z0-9/_+-]{20,90}"),
    row(
        "secret.discord_webhook",
        &["discord.com/api/webhooks/", "discordapp.com/api/webhooks/"],
        r"\d{17,20}/\u{60,80}",
    ),
    sure(
        "secret.teams_webhook",
        &[".webhook.office.com/webhookb2/", "outlook.office.com/webhook/"],
        r"[A-Za-z0-9@/-]{80,260}",
    ),
    amid("secret.telegram_token", r"\d{6,10}", &[":AA"], r"\u{32,33}"),
    row("secret.twitch_key", &["live_"], r"\d{6,10}_\a{30}"),
    row("secret.facebook_token", &["EAA", "IGQV", "IGAA"], r"\a{30,250}"),
    amid("secret.facebook_token", r"\d{15,16}", &["|", "%7C", "%"], r"[A-Za-z0-9_-]{26,40}"),
    row("secret.twitter_token", &["AAAAAAAAAAAAAAAAAAAAA"], r"[A-Za-z0-9%]{60,140}"),
    row("secret.linkedin_token", &["WPL_AP"], r"\d{1}.\u{8,40}.[A-Za-z0-9_=+/-]{4,20}"),
    row("secret.riot_key", &["RGAPI-"], UUID),
    // Payment. docs.stripe.com/keys; developer.squareup.com/docs/build-basics/access-tokens
    row(
        "secret.stripe_key",
        &["sk_live_", "sk_test_", "rk_live_", "rk_test_", "sk_prod_", "rk_prod_", "whsec_"],
        r"[A-Za-z0-9+/=]{10,247}",
    ),
    row("secret.square_token", &["sq0atp-", "sq0atb-", "EAAA"], r"\u{22,64}"),
    row("secret.square_secret", &["sq0csp-"], r"\u{43}"),
    row("secret.paypal_token", &["access_token$production$", "access_token$sandbox$"], r"[a-z0-9]{16}\$\h{32}"),
    row("secret.adyen_key", &["AQE"], r"[A-Za-z0-9+/=]{60,200}-[A-Za-z0-9+/=]{20,60}"),
    row("secret.razorpay_key", &["rzp_live_", "rzp_test_"], r"\a{14}"),
    row("secret.plaid_token", &["access-sandbox-", "access-production-", "access-development-"], UUID),
    row("secret.flutterwave_key", &["FLWSECK-", "FLWSECK_TEST-", "FLWSECK_TEST"], r"[A-Za-z0-9_-]{12,60}"),
    row("secret.easypost_key", &["EZAK", "EZTK"], r"\a{54}"),
    row("secret.shippo_token", &["shippo_live_", "shippo_test_"], r"\x{40}"),
    row("secret.duffel_token", &["duffel_live_", "duffel_test_"], r"[A-Za-z0-9_=-]{43}"),
    row("secret.paddle_key", &["pdl_live_apikey_", "pdl_sdbx_apikey_"], r"\w{40,70}"),
    row("secret.live_key", &["live_", "test_"], r"\a{25,40}"),
    // Mail and telephones.
    row("secret.sendgrid_key", &["SG."], r"\u{16,32}.\u{32,64}"),
    row("secret.brevo_key", &["xkeysib-", "xsmtpsib-"], r"\h{64}-\a{16}"),
    row("secret.resend_key", &["re_"], r"\a{8}_\a{20,30}"),
    row("secret.mailgun_key", &["key-"], r"\h{32}"),
    amid("secret.mailchimp_key", r"\h{32}", &["-us"], r"\d{1,2}"),
    row("secret.klaviyo_key", &["pk_"], r"\h{34}"),
    row("secret.hubspot_token", &["pat-na1-", "pat-na2-", "pat-na3-", "pat-eu1-", "pat-ap1-"], UUID),
    row("secret.onesignal_key", &["os_v2_app_", "os_v2_org_"], r"[a-z0-9]{60,110}"),
    row("secret.twilio_key", &["SK"], r"\h{32}"),
    row("secret.twilio_account", &["AC"], r"\h{32}"),
    // Watching systems.
    row("secret.newrelic_key", &["NRAK-", "NRII-", "NRIQ-", "NRRA-", "NRAA-", "NRJS-"], r"\u{19,48}"),
    amid("secret.newrelic_key", r"[a-z0-9]{36}", &["NRAL"], ""),
    row("secret.sentry_token", &["sntrys_", "sntryu_"], r"[A-Za-z0-9+/=_-]{40,300}"),
    row("secret.grafana_token", &["glsa_", "glc_"], r"[A-Za-z0-9+/=_]{32,400}"),
    row("secret.grafana_key", &["eyJrIjoi"], r"\b{60,400}={0,3}"),
    row("secret.dynatrace_token", &["dt0c01.", "dt0s01."], r"[A-Z0-9]{24}.[A-Z0-9]{64}"),
    row("secret.honeycomb_key", &["hcaik_", "hcbik_", "hcxik_"], r"[a-z0-9]{58}"),
    row("secret.axiom_token", &["xaat-", "xapt-"], UUID),
    row("secret.posthog_key", &["phx_", "phs_"], r"\a{43,48}"),
    row("secret.stackhawk_key", &["hawk."], r"\u{20}.\u{20}"),
    // Work and shops.
    row("secret.shopify_token", &["shpat_", "shpca_", "shppa_", "shpss_", "shptka_"], r"\x{32}"),
    row("secret.atlassian_token", &["ATATT3", "ATCTT3"], r"[A-Za-z0-9_=-]{60,220}"),
    row("secret.trello_token", &["ATTA"], r"\x{72}"),
    row("secret.linear_key", &["lin_api_", "lin_oauth_", "lin_wh_"], r"\a{32,64}"),
    row("secret.notion_token", &["ntn_", "secret_"], r"\a{40,50}"),
    row("secret.figma_token", &["figd_", "figu_", "figo_", "figh_"], r"\u{38,60}"),
    row("secret.figma_token", &["figma"], r"-\d{4,8}-\h{8}-\h{4}-\h{4}-\h{4}-\h{12}"),
    row("secret.airtable_token", &["pat"], r"\a{14}.\h{64}"),
    amid("secret.asana_token", r"[012]{1}", &["/1"], r"\d{12,18}:\h{32}"),
    row("secret.clickup_token", &["pk_"], r"\d{6,10}_[A-Z0-9]{32}"),
    row("secret.typeform_token", &["tfp_"], r"[A-Za-z0-9_.=-]{40,64}"),
    row("secret.contentful_token", &["CFPAT-"], r"\u{43}"),
    row("secret.cal_key", &["cal_live_", "cal_test_"], r"\h{32}"),
    row("secret.mapbox_token", &["sk.eyJ", "tk.eyJ", "pk.eyJ"], r"\u{40,300}.\u{16,40}"),
    row("secret.radar_key", &["prj_live_sk_", "prj_test_sk_"], r"\h{40}"),
    row("secret.supabase_key", &["sbp_", "sb_secret_"], r"\u{30,60}"),
    row("secret.planetscale_token", &["pscale_tkn_", "pscale_oauth_", "pscale_pw_"], r"[A-Za-z0-9_=.-]{32,64}"),
    row("secret.neon_key", &["napi_"], r"[a-z0-9]{60,70}"),
    row("secret.mongodb_atlas_secret", &["mdb_sa_sk_"], r"\u{36,48}"),
    row("secret.xata_key", &["xau_"], r"\a{36}"),
    row("secret.databricks_token", &["dapi", "dose", "dkea"], r"\h{32}"),
    row("secret.databricks_token", &["dapi"], r"\h{32}-\d{1}"),
    row("secret.salesforce_token", &["00D"], r"\a{12,15}![A-Za-z0-9_.]{80,260}"),
    row("secret.dropbox_token", &["sl."], r"[A-Za-z0-9_.-]{60,1400}"),
    row("secret.adobe_secret", &["p8e-"], r"\u{32}"),
    row("secret.clickhouse_key", &["4b1d"], r"\a{38}"),
    row("secret.intra42_secret", &["s-s4t2ud-", "s-s4t2af-"], r"\h{64}"),
    row("secret.settlemint_token", &["sm_pat_", "sm_aat_", "sm_sat_"], r"\a{16}"),
    row("secret.blynk_secret", &["oa2-client-id_"], r"\u{32}:(\u{40})"),
    row("secret.ubidots_token", &["BBFF-", "BBUS-"], r"\a{30}"),
    row("secret.polar_token", &["polar_oat_", "polar_pat_"], r"\w{30,60}"),
    row(
        "secret.authress_key",
        &["sc_", "ext_", "scauth_", "authress_"],
        r"[a-z0-9]{5,30}.[a-z0-9]{4,6}.[a-z0-9_-]{10,36}.[A-Za-z0-9+/_=-]{30,120}",
    ),
    amid("secret.maxmind_key", r"\w{36}", &["_mmk"], ""),
    row("secret.django_key", &["django-insecure-"], r"[!#-&(-;=-~]{30,60}"),
    sure("secret.password_hash", &["$2a$", "$2b$", "$2y$"], r"\d{2}\$[./A-Za-z0-9]{53}"),
    sure("secret.password_hash", &["$1$", "$5$", "$6$", "$8$", "$9$", "$y$", "$apr1$"], r"[./A-Za-z0-9$=]{24,200}"),
    sure(
        "secret.password_hash",
        &["$argon2i", "$argon2d"],
        r"[id]{0,1}\$v=\d{2}\$[mtp=,0-9]{8,40}\$[A-Za-z0-9+/$]{20,200}",
    ),
    sure("secret.password_hash", &["$krb5asrep$", "$krb5tgs$", "$krb5pa$"], r"[A-Za-z0-9$.@*/:_-]{40,2000}"),
    // crypt(5); RFC 5802 as PostgreSQL stores it; the stores of WordPress, Drupal, Django, passlib and OpenLDAP.
    sure("secret.password_hash", &["$md5$", "$md5,", "$gy$", "$7$", "$sha1$", "$scrypt$"], r"[./A-Za-z0-9$=,]{24,200}"),
    row("secret.password_hash", &["$P$", "$H$"], r"[./A-Za-z0-9]{31}"),
    row("secret.password_hash", &["$S$"], r"[./A-Za-z0-9]{52}"),
    row("secret.password_hash", &["{SSHA}", "{SHA}", "{SMD5}", "{SSHA256}", "{SSHA512}"], r"\b{22,140}={0,2}"),
    sure("secret.password_hash", &["pbkdf2_sha256$", "pbkdf2_sha1$"], r"\d{4,7}\$[A-Za-z0-9]{8,40}\$\b{27,44}={0,2}"),
    sure(
        "secret.password_hash",
        &["$pbkdf2-sha256$", "$pbkdf2-sha512$", "$pbkdf2-sha1$"],
        r"[i=]{0,2}\d{3,7}\$[./A-Za-z0-9]{8,60}\$[./A-Za-z0-9]{20,120}",
    ),
    sure(
        "secret.password_hash",
        &["SCRAM-SHA-256$", "SCRAM-SHA-1$"],
        r"\d{4,7}:\b{12,60}={0,2}\$\b{27,60}={0,2}:\b{27,60}={0,2}",
    ),
    Row {
        class: "secret.jwt",
        left: "",
        starts: &["eyJ"],
        body: r"\u{8,4000}.\u{6,8000}.\u{0,2000}",
        check: Check::Jwt,
    },
];

/// Every row.
pub(super) fn rows() -> impl Iterator<Item = &'static Row> {
    BUILDING.iter().chain(TRADING)
}
