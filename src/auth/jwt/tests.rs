use std::error::Error as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::auth::testing::SetClock;

const SECRET: [u8; 32] = [7; 32];
const OTHER: [u8; 32] = [8; 32];
/// 2023-11-14T22:13:20Z
const NOW: i64 = 1_700_000_000;

const RSA_PUBLIC: &str = include_str!("../../../tests/keys/rsa_public.pem");
const EC_PUBLIC: &str = include_str!("../../../tests/keys/ec_public.pem");
const ED_PUBLIC: &str = include_str!("../../../tests/keys/ed_public.pem");

fn at_now(auth: JwtAuth) -> JwtAuth {
    auth.with_clock(SetClock::at_millis(NOW * 1000))
}

fn hs256() -> JwtAuth {
    at_now(JwtAuth::hs256(SECRET).unwrap())
}

fn good() -> Value {
    json!({"userUuid": "ana", "exp": NOW + 60})
}

/// Good claims with some replaced or added; `null` removes one.
fn with(changes: Value) -> Value {
    let mut claims = good();
    let all = claims.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => all.remove(name),
            value => all.insert(name.clone(), value.clone()),
        };
    }
    claims
}

fn sign(claims: &Value) -> String {
    sign_as(None, SECRET, claims)
}

fn sign_as(kid: Option<&str>, secret: impl AsRef<[u8]>, claims: &Value) -> String {
    let mut header = Header::new(Algorithm::HS256);
    header.kid = kid.map(Into::into);
    crate::auth::key::install_provider();
    encode(&header, claims, &EncodingKey::from_secret(secret.as_ref())).unwrap()
}

/// A token with any header, its signature made as HS256.
fn sign_under(header: &Value, secret: impl AsRef<[u8]>, claims: &Value) -> String {
    crate::auth::key::install_provider();
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let signed = format!("{header}.{claims}");
    let key = EncodingKey::from_secret(secret.as_ref());
    let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{signed}.{signature}")
}

/// What an authenticator says: the user, or the error's code and its source.
async fn ask(auth: &JwtAuth, token: &str) -> Result<String, String> {
    match auth.authenticate(token).await {
        Ok(identity) => Ok(identity.user.to_string()),
        Err(error) => Err(format!("{}: {}", error.code(), error.source().unwrap())),
    }
}

async fn accepts(auth: &JwtAuth, token: &str) {
    assert_eq!(ask(auth, token).await, Ok("ana".to_owned()));
}

async fn refuses(auth: &JwtAuth, token: &str, code: &str, why: &str) {
    let said = ask(auth, token).await.unwrap_err();
    assert!(said.starts_with(code) && said.contains(why), "{said}, not {code} {why}");
}

async fn refuses_claims(claims: Value, why: &str) {
    refuses(&hs256(), &sign(&claims), "UNAUTHENTICATED", why).await;
}

struct Pair {
    algorithm: Algorithm,
    private: EncodingKey,
    auth: JwtAuth,
}

fn pairs() -> Vec<Pair> {
    let keys: [(Algorithm, EncodingKey, JwtAuth); 4] = [
        (Algorithm::HS256, EncodingKey::from_secret(&SECRET), hs256()),
        (
            Algorithm::RS256,
            EncodingKey::from_rsa_pem(include_bytes!("../../../tests/keys/rsa_private.pem")).unwrap(),
            at_now(JwtAuth::public_pem(RSA_PUBLIC).unwrap()),
        ),
        (
            Algorithm::ES256,
            EncodingKey::from_ec_pem(include_bytes!("../../../tests/keys/ec_private.pem")).unwrap(),
            at_now(JwtAuth::public_pem(EC_PUBLIC).unwrap()),
        ),
        (
            Algorithm::EdDSA,
            EncodingKey::from_ed_pem(include_bytes!("../../../tests/keys/ed_private.pem")).unwrap(),
            at_now(JwtAuth::public_pem(ED_PUBLIC).unwrap()),
        ),
    ];
    keys.into_iter().map(|(algorithm, private, auth)| Pair { algorithm, private, auth }).collect()
}

#[tokio::test]
async fn each_algorithm_takes_its_own_tokens_and_no_tampered_ones() {
    for Pair { algorithm, private, auth } in pairs() {
        let token = encode(&Header::new(algorithm), &good(), &private).unwrap();
        accepts(&auth, &token).await;

        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, signature] = parts[..] else { panic!("{algorithm:?}") };
        let forged = URL_SAFE_NO_PAD.encode(with(json!({"userUuid": "bob"})).to_string());
        let mut flipped = URL_SAFE_NO_PAD.decode(signature).unwrap();
        flipped[10] ^= 1;
        for tampered in [
            format!("{header}.{forged}.{signature}"),
            format!("{header}.{claims}."),
            format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(flipped)),
            format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode([0; 64])),
            format!("{header}.{claims}.{}", &signature[4..]),
        ] {
            refuses(&auth, &tampered, "UNAUTHENTICATED", "the token does not hold").await;
        }
    }
}

#[tokio::test]
async fn a_key_takes_no_token_of_another_algorithm() {
    let (issuers, auths) = (pairs(), pairs());
    for issuer in &issuers {
        let token = encode(&Header::new(issuer.algorithm), &good(), &issuer.private).unwrap();
        for other in auths.iter().filter(|other| other.algorithm != issuer.algorithm) {
            refuses(&other.auth, &token, "UNAUTHENTICATED", "algorithm").await;
        }
    }
    // The same key, another algorithm of its family.
    for (algorithm, key) in
        [(Algorithm::HS512, &issuers[0]), (Algorithm::RS512, &issuers[1]), (Algorithm::PS256, &issuers[1])]
    {
        let token = encode(&Header::new(algorithm), &good(), &key.private).unwrap();
        refuses(&key.auth, &token, "UNAUTHENTICATED", "algorithm").await;
    }
}

#[tokio::test]
async fn a_public_key_used_as_a_secret_signs_nothing() {
    let der = base64::engine::general_purpose::STANDARD
        .decode(RSA_PUBLIC.lines().filter(|line| !line.starts_with('-')).collect::<String>())
        .unwrap();
    let auth = at_now(JwtAuth::public_pem(RSA_PUBLIC).unwrap());
    for secret in [RSA_PUBLIC.as_bytes(), RSA_PUBLIC.trim_end().as_bytes(), &der] {
        refuses(&auth, &sign_as(None, secret, &good()), "UNAUTHENTICATED", "algorithm").await;
        // Nor does it when the header lies about how it was signed.
        let lying = sign_under(&json!({"alg": "RS256"}), secret, &good());
        refuses(&auth, &lying, "UNAUTHENTICATED", "does not hold").await;
    }
}

#[tokio::test]
async fn the_algorithm_none_is_refused_in_any_spelling() {
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let signed = sign_under(&json!({"alg": alg, "typ": "JWT"}), SECRET, &good());
        let bare = format!("{}.", signed.rsplit_once('.').unwrap().0);
        for token in [signed, bare] {
            refuses(&hs256(), &token, "UNAUTHENTICATED", "no header").await;
        }
    }
    let missing = sign_under(&json!({"typ": "JWT"}), SECRET, &good());
    refuses(&hs256(), &missing, "UNAUTHENTICATED", "no header").await;
}

#[tokio::test]
async fn a_critical_extension_is_refused() {
    let header = json!({"alg": "HS256", "crit": ["b64"], "b64": true});
    refuses(&hs256(), &sign_under(&header, SECRET, &good()), "UNAUTHENTICATED", "critical").await;
}

#[tokio::test]
async fn another_secret_is_refused() {
    refuses(&hs256(), &sign_as(None, OTHER, &good()), "UNAUTHENTICATED", "does not hold").await;
}

#[tokio::test]
async fn a_token_expires_exactly_at_exp() {
    let clock = SetClock::at_millis(0);
    let auth = hs256().with_clock(clock.clone());
    let token = sign(&with(json!({"exp": NOW})));

    clock.set_millis(NOW * 1000 - 1);
    let identity = auth.authenticate(&token).await.unwrap();
    assert_eq!(identity.expires, Some(Timestamp::from_millis(NOW * 1000)));
    clock.set_millis(NOW * 1000);
    refuses(&auth, &token, "TOKEN_EXPIRED", "expired").await;
}

#[tokio::test]
async fn exp_is_required_and_must_be_a_number() {
    refuses_claims(with(json!({"exp": null})), "`exp` is missing").await;
    refuses_claims(json!({"userUuid": "ana", "exp": null}), "`exp` is missing").await;
    for bad in [json!("1800000000"), json!(true), json!([NOW + 60]), json!({"s": 1})] {
        let token = sign(&with(json!({"exp": bad})));
        assert!(ask(&hs256(), &token).await.unwrap_err().starts_with("UNAUTHENTICATED"), "{bad}");
    }
}

#[tokio::test]
async fn exp_may_be_any_number() {
    let half = hs256().authenticate(&sign(&with(json!({"exp": NOW as f64 + 0.5})))).await.unwrap();
    assert_eq!(half.expires, Some(Timestamp::from_millis(NOW * 1000 + 500)));
    for far in [json!(i64::MAX), json!(u64::MAX), json!(1e300), json!(f64::MAX)] {
        accepts(&hs256(), &sign(&with(json!({"exp": far})))).await;
    }
    for past in [json!(0), json!(-1), json!(i64::MIN), json!(-1e300), json!(0.5), json!(-0.0)] {
        refuses(&hs256(), &sign(&with(json!({"exp": past}))), "TOKEN_EXPIRED", "expired").await;
    }
    // Beyond a float: no JSON at all.
    let digits = format!(r#"{{"userUuid":"ana","exp":1{}}}"#, "0".repeat(400));
    let signed = sign_under(&json!({"alg": "HS256"}), SECRET, &json!({}));
    let header = signed.split('.').next().unwrap();
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(digits));
    let key = EncodingKey::from_secret(&SECRET);
    let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, Algorithm::HS256).unwrap();
    refuses(&hs256(), &format!("{signed}.{signature}"), "UNAUTHENTICATED", "does not hold").await;
}

#[tokio::test]
async fn nbf_is_checked_when_it_is_there() {
    accepts(&hs256(), &sign(&with(json!({"nbf": NOW})))).await;
    accepts(&hs256(), &sign(&with(json!({"nbf": -1e300})))).await;
    for later in [json!(NOW + 1), json!(NOW as f64 + 0.5), json!(u64::MAX)] {
        refuses_claims(with(json!({"nbf": later})), "only later").await;
    }
    refuses_claims(with(json!({"nbf": "now"})), "`nbf` has a value that makes no sense").await;
}

#[tokio::test]
async fn a_token_says_when_it_was_issued_or_says_nothing_of_it() {
    for (iat, issued) in [(json!(NOW), Some(NOW * 1000)), (json!(0.5), Some(500)), (json!(null), None)] {
        let identity = hs256().authenticate(&sign(&with(json!({"iat": iat})))).await.unwrap();
        assert_eq!(identity.issued.map(Timestamp::as_millis), issued);
    }
    refuses_claims(with(json!({"iat": "now"})), "`iat` has a value that makes no sense").await;
}

#[tokio::test]
async fn leeway_widens_both_ends_and_moves_the_expiry() {
    let auth = hs256().with_leeway(Duration::from_secs(10));
    let identity = auth.authenticate(&sign(&with(json!({"exp": NOW - 9, "nbf": NOW + 10})))).await.unwrap();
    assert_eq!(identity.expires, Some(Timestamp::from_millis((NOW + 1) * 1000)));
    refuses(&auth, &sign(&with(json!({"exp": NOW - 10}))), "TOKEN_EXPIRED", "").await;
    refuses(&auth, &sign(&with(json!({"nbf": NOW + 11}))), "UNAUTHENTICATED", "later").await;

    let endless = hs256().with_leeway(Duration::MAX);
    accepts(&endless, &sign(&with(json!({"exp": 1, "nbf": i64::MAX})))).await;
}

#[tokio::test]
async fn an_expired_token_that_would_not_have_held_is_not_called_expired() {
    let old = json!({"exp": NOW - 1, "iss": "them"});
    let auth = hs256().with_issuer("us");
    refuses(&auth, &sign(&with(old)), "UNAUTHENTICATED", "issuer").await;
    let unsigned = sign_as(None, OTHER, &with(json!({"exp": NOW - 1})));
    refuses(&hs256(), &unsigned, "UNAUTHENTICATED", "does not hold").await;
    refuses_claims(json!({"exp": NOW - 1}), "`userUuid` is missing").await;
}

#[tokio::test]
async fn a_kid_picks_its_key_and_no_other() {
    let auth = at_now(JwtAuth::new(JwtKey::hs256(SECRET).unwrap().with_kid("a")))
        .with_key(JwtKey::hs256(OTHER).unwrap().with_kid("b"))
        .unwrap();
    accepts(&auth, &sign_as(Some("a"), SECRET, &good())).await;
    accepts(&auth, &sign_as(Some("b"), OTHER, &good())).await;
    refuses(&auth, &sign_as(Some("a"), OTHER, &good()), "UNAUTHENTICATED", "does not hold").await;
    refuses(&auth, &sign_as(Some("c"), SECRET, &good()), "UNAUTHENTICATED", "no key").await;
    // Which of the two it would be, nobody said.
    refuses(&auth, &sign_as(None, SECRET, &good()), "UNAUTHENTICATED", "no key").await;
}

#[tokio::test]
async fn a_token_without_kid_goes_to_the_key_without_one() {
    let auth = at_now(JwtAuth::new(JwtKey::hs256(SECRET).unwrap().with_kid("a")))
        .with_key(JwtKey::hs256(OTHER).unwrap())
        .unwrap();
    accepts(&auth, &sign_as(None, OTHER, &good())).await;
    refuses(&auth, &sign_as(None, SECRET, &good()), "UNAUTHENTICATED", "does not hold").await;
    refuses(&auth, &sign_as(Some("b"), OTHER, &good()), "UNAUTHENTICATED", "no key").await;
}

#[tokio::test]
async fn a_token_without_kid_goes_to_the_sole_key() {
    let auth = at_now(JwtAuth::new(JwtKey::hs256(SECRET).unwrap().with_kid("a")));
    accepts(&auth, &sign_as(None, SECRET, &good())).await;
    refuses(&auth, &sign_as(Some("b"), SECRET, &good()), "UNAUTHENTICATED", "no key").await;
}

#[tokio::test]
async fn where_no_key_has_a_kid_those_of_tokens_mean_nothing() {
    accepts(&hs256(), &sign_as(Some("whatever"), SECRET, &good())).await;
}

#[tokio::test]
async fn several_keys_without_kid_are_each_tried_with_their_own_algorithm() {
    let auth = at_now(JwtAuth::public_pem(RSA_PUBLIC).unwrap())
        .with_key(JwtKey::hs256(SECRET).unwrap())
        .unwrap()
        .with_key(JwtKey::hs256(OTHER).unwrap())
        .unwrap();
    let rsa = &pairs()[1].private;
    accepts(&auth, &encode(&Header::new(Algorithm::RS256), &good(), rsa).unwrap()).await;
    accepts(&auth, &sign_as(None, SECRET, &good())).await;
    accepts(&auth, &sign_as(Some("x"), OTHER, &good())).await;
    refuses(&auth, &sign_as(None, RSA_PUBLIC, &good()), "UNAUTHENTICATED", "does not hold").await;
}

#[test]
fn two_keys_of_one_kid_are_refused() {
    let auth = JwtAuth::new(JwtKey::hs256(SECRET).unwrap().with_kid("a"));
    let twice = auth.with_key(JwtKey::es256(EC_PUBLIC).unwrap().with_kid("a"));
    assert!(matches!(twice, Err(KeyError::DuplicateKid(kid)) if kid == "a"));
}

#[tokio::test]
async fn an_issuer_is_required_once_set() {
    let auth = hs256().with_issuer("us").with_issuer("friends");
    accepts(&auth, &sign(&with(json!({"iss": "us"})))).await;
    accepts(&auth, &sign(&with(json!({"iss": "friends"})))).await;
    for bad in [json!(null), json!("them"), json!("u"), json!(["us"]), json!(1), json!("")] {
        refuses(&auth, &sign(&with(json!({"iss": bad}))), "UNAUTHENTICATED", "issuer").await;
    }
    accepts(&hs256(), &sign(&with(json!({"iss": "anybody"})))).await;
}

#[tokio::test]
async fn an_audience_is_required_once_set() {
    let auth = hs256().with_audience("chat").with_audience("all");
    for fine in [json!("chat"), json!(["shop", "all"])] {
        accepts(&auth, &sign(&with(json!({"aud": fine})))).await;
    }
    for bad in [json!(null), json!("shop"), json!(["shop"]), json!([]), json!([1]), json!(1), json!("cha")] {
        refuses(&auth, &sign(&with(json!({"aud": bad}))), "UNAUTHENTICATED", "audience").await;
    }
    accepts(&hs256(), &sign(&with(json!({"aud": ["shop"]})))).await;
}

#[tokio::test]
async fn the_claims_names_are_configurable() {
    let auth = hs256().with_user_claim("sub").with_nickname_claim("name").with_image_claim("picture");
    let claims = json!({"sub": "ana", "name": "Ana", "picture": "https://a/b", "exp": NOW + 1});
    let identity = auth.authenticate(&sign(&claims)).await.unwrap();
    assert_eq!(identity.user.as_str(), "ana");
    assert_eq!(identity.nickname.as_deref(), Some("Ana"));
    assert_eq!(identity.image.as_deref(), Some("https://a/b"));
    refuses(&auth, &sign(&good()), "UNAUTHENTICATED", "`sub` is missing").await;
}

#[tokio::test]
async fn a_numeric_user_is_its_digits() {
    let auth = hs256().with_user_claim("sub");
    for (sub, user) in
        [(json!(42), "42"), (json!("42"), "42"), (json!(-7), "-7"), (json!(u64::MAX), "18446744073709551615")]
    {
        assert_eq!(ask(&auth, &sign(&with(json!({"sub": sub})))).await, Ok(user.to_owned()));
    }
    for bad in [json!(1.5), json!(1e30), json!(true)] {
        refuses(&auth, &sign(&with(json!({"sub": bad}))), "UNAUTHENTICATED", "makes no sense").await;
    }
    for bad in [json!({}), json!(["ana"])] {
        assert!(ask(&auth, &sign(&with(json!({"sub": bad})))).await.is_err());
    }
}

#[tokio::test]
async fn a_user_is_an_opaque_id() {
    let odd = sign(&with(json!({"userUuid": "01HUSER0000000000000000001"})));
    assert_eq!(ask(&hs256(), &odd).await, Ok("01HUSER0000000000000000001".to_owned()));
    for bad in ["", " ", "a\nb", &"x".repeat(129)] {
        refuses_claims(with(json!({"userUuid": bad})), "`userUuid` is no user id").await;
    }
    refuses_claims(with(json!({"userUuid": {"id": "ana"}})), "makes no sense").await;
    refuses_claims(with(json!({"userUuid": null})), "`userUuid` is missing").await;
}

#[tokio::test]
async fn what_is_shown_of_a_user_is_tidied_or_dropped() {
    let claims = with(json!({"nickname": " A\nna\u{7} ", "profileImage": "https://a/b.png"}));
    let identity = hs256().authenticate(&sign(&claims)).await.unwrap();
    assert_eq!(identity.nickname.as_deref(), Some("Ana"));
    assert_eq!(identity.image.as_deref(), Some("https://a/b.png"));

    for (nickname, image) in
        [(json!(" "), json!("javascript:1")), (json!(7), json!([])), (json!(null), json!("https://"))]
    {
        let claims = with(json!({"nickname": nickname, "profileImage": image}));
        let identity = hs256().authenticate(&sign(&claims)).await.unwrap();
        assert_eq!((identity.nickname, identity.image), (None, None));
    }
}

#[tokio::test]
async fn claims_that_are_no_object_are_refused() {
    for claims in [json!([]), json!("ana"), json!(1), json!(null), json!({})] {
        assert!(ask(&hs256(), &sign(&claims)).await.is_err(), "{claims}");
    }
}

#[tokio::test]
async fn a_token_is_refused_unread_beyond_its_bound() {
    let longest = |len: usize| sign(&with(json!({"pad": "x".repeat(len)})));
    let fits = (0..).map(|less| longest(6100 - less)).find(|token| token.len() <= MAX_TOKEN_BYTES);
    accepts(&hs256(), &fits.unwrap()).await;
    refuses(&hs256(), &longest(6200), "UNAUTHENTICATED", "more than 8192 bytes").await;
    refuses(&hs256(), &"a.".repeat(1_000_000), "UNAUTHENTICATED", "more than 8192 bytes").await;
}

#[tokio::test]
async fn garbage_is_refused() {
    let token = sign(&good());
    for garbage in ["", ".", "..", "...", "a.b.c", "Bearer", "\u{0}.\u{0}.\u{0}", "🦊.🦊.🦊"]
        .map(str::to_owned)
        .into_iter()
        .chain([format!("{token}.x"), format!(" {token}"), format!("{token}="), token[..20].to_owned()])
    {
        assert!(ask(&hs256(), &garbage).await.unwrap_err().starts_with("UNAUTHENTICATED"), "{garbage}");
    }
    // JSON that would overflow the stack of a careless parser.
    let deep = URL_SAFE_NO_PAD.encode(r#"{"alg":"#.to_owned() + &"[".repeat(5000));
    refuses(&hs256(), &format!("{deep}.e30.AA"), "UNAUTHENTICATED", "no header").await;
}

#[tokio::test]
async fn an_error_tells_the_log_why_and_nobody_the_token() {
    let secretive = json!({"alg": "none\nforged log line", "kid": "quoted"});
    for token in [
        sign_under(&secretive, SECRET, &good()),
        sign_as(None, OTHER, &good()),
        sign(&with(json!({"exp": 1, "userUuid": "confidential"}))),
        sign(&with(json!({"userUuid": "confi\ndential"}))),
    ] {
        let error = hs256().authenticate(&token).await.unwrap_err();
        let told = format!("{error:?} {error}");
        let mut source = error.source();
        let mut all = told;
        while let Some(cause) = source {
            all += &format!(" {cause:?} {cause}");
            source = cause.source();
        }
        assert!(!all.contains("forged") && !all.contains("dential"), "{all}");
        assert!(token.split('.').all(|part| !all.contains(part)), "{all}");
    }
}

#[test]
fn no_key_is_shown_by_debug() {
    let secret = "0123456789abcdef0123456789abcdef";
    let shown = format!("{:?}", JwtAuth::hs256(secret).unwrap());
    assert!(shown.contains("HS256") && !shown.contains("0123") && !shown.contains("48, 49"), "{shown}");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_or_lets_anybody_in(text in any::<String>()) {
        prop_assert!(hs256().verify(&text).is_err());
    }

    #[test]
    fn no_three_parts_make_it_panic(
        header in prop_oneof![
            any_json(),
            (any_json(), any_json(), any_json())
                .prop_map(|(kid, crit, x5c)| json!({"alg": "RS256", "kid": kid, "crit": crit, "x5c": x5c})),
            Just(json!({"alg": "RS256"})),
        ],
        claims in any_json(),
        signature in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let auth = JwtAuth::public_pem(RSA_PUBLIC).unwrap();
        let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let token = format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(signature));
        prop_assert!(auth.verify(&token).is_err());
    }

    #[test]
    fn no_signed_claims_make_it_panic(
        user in any_json(), exp in any_json(), nbf in any_json(), other in any_json(), now in any::<i64>(),
    ) {
        let claims = json!({
            "userUuid": user, "exp": exp, "nbf": nbf,
            "iss": other, "aud": other, "nickname": other, "profileImage": other,
        });
        let auth = hs256().with_clock(SetClock::at_millis(now)).with_leeway(Duration::from_secs(1));
        let _ = auth.verify(&sign(&claims));
        let _ = auth.with_issuer("us").with_audience("chat").verify(&sign(&claims));
    }
}
