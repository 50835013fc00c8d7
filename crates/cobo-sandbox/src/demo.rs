//! The app and the organization that a sandbox knows without settings.

/// The private key (a seed, in hex) of the demo app. It is the example of Cobo's public documentation. Because
/// everyone knows it, use it only with a sandbox.
pub const DEMO_APP_SECRET: &str =
    "06f78882576ec0e05b1e51a33548da7e8cf958c190ba96be77b1c671f98a2b5f";
/// The public key of [`DEMO_APP_SECRET`].
pub const DEMO_APP_KEY: &str = "5987dedc180167b7ab1d27e6009e5065d10d764cd85d7b64f8c968ca40326e28";
/// The client id of the examples in Cobo's documentation.
pub const DEMO_CLIENT_ID: &str = "pvSwS8iFrfK0oZrB0ugG54XPDOLEv0Ij";
/// The organization id of the examples in Cobo's documentation.
pub const DEMO_ORG_ID: &str = "e3986401-4aec-480a-973d-e775a4518413";
