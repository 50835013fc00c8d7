use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use cobo_auth::DecodeError;

use super::event::Event;
use crate::models::{self, WebhookEventData, WebhookEventType};

/// The error of a handler.
pub type BoxError = Box<dyn Error + Send + Sync>;

type HandlerFuture = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;
type Handler<D> = Arc<dyn Fn(Event<D>) -> HandlerFuture + Send + Sync>;

fn boxed<D, F, R, E>(handler: F) -> Option<Handler<D>>
where
    F: Fn(Event<D>) -> R + Send + Sync + 'static,
    R: Future<Output = Result<(), E>> + Send + 'static,
    E: Into<BoxError>,
{
    Some(Arc::new(move |event| {
        let result = handler(event);
        Box::pin(async move { result.await.map_err(Into::into) })
    }))
}

/// Why an event was not handled.
#[derive(Debug)]
#[non_exhaustive]
pub enum RouterError {
    /// The router has neither a handler for this type of data nor
    /// [`otherwise`](Router::otherwise).
    NoHandler(WebhookEventType),
    /// The data of the event does not decode, and the router has no
    /// [`on_undecodable`](Router::on_undecodable).
    Undecodable(WebhookEventType, DecodeError),
    /// The handler failed.
    Handler(BoxError),
}

impl fmt::Display for RouterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHandler(event) => {
                let event = event.as_str().escape_default();
                write!(
                    f,
                    "no handler for the event {event}; add one, or `otherwise`"
                )
            }
            Self::Undecodable(event, error) => {
                let event = event.as_str().escape_default();
                write!(f, "the data of the event {event} does not decode: {error}")
            }
            Self::Handler(error) => write!(f, "the handler failed: {error}"),
        }
    }
}

impl Error for RouterError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NoHandler(_) => None,
            Self::Undecodable(_, error) => Some(error),
            Self::Handler(error) => Some(&**error),
        }
    }
}

/// Implements [`Router`] for the variants of [`WebhookEventData`]. The `match` has no wildcard: if
/// the document gets a new type of data, this does not compile until the type has a method.
macro_rules! router {
    ($($method:ident: $variant:ident($model:ident)),* $(,)?) => {
        /// Calls the handler for the type of an event's data.
        ///
        /// A handler is an async function of one [`Event`], whose `data` has the type of the
        /// method. For a handler that uses state, see the [module](super). Events arrive in any order
        /// and possibly twice, so a handler must be idempotent. They may also be about wallets of other
        /// organizations, because a signature does not say for whom an event is: compare `wallet_id` or
        /// `org_id` of the data with your own. If a type gets several handlers, the last
        /// one is called. A clone is cheap.
        #[derive(Clone, Default)]
        pub struct Router {
            $($method: Option<Handler<models::$model>>,)*
            on_undecodable: Option<Handler<WebhookEventData>>,
            otherwise: Option<Handler<WebhookEventData>>,
        }

        impl Router {
            $(
                #[doc = concat!(
                    "Handles events whose data is a [`", stringify!($model), "`](models::",
                    stringify!($model), ").",
                )]
                #[must_use]
                pub fn $method<F, R, E>(mut self, handler: F) -> Self
                where
                    F: Fn(Event<models::$model>) -> R + Send + Sync + 'static,
                    R: Future<Output = Result<(), E>> + Send + 'static,
                    E: Into<BoxError>,
                {
                    self.$method = boxed(handler);
                    self
                }
            )*

            /// Calls the handler of an event.
            ///
            /// # Errors
            ///
            /// There is no handler for the event, or the handler failed.
            pub async fn handle(&self, event: Event) -> Result<(), RouterError> {
                if let Some(error) = &event.data_error {
                    return match &self.on_undecodable {
                        Some(handler) => handler(event).await.map_err(RouterError::Handler),
                        None => Err(RouterError::Undecodable(event.type_, error.clone())),
                    };
                }
                let (data, event) = event.split();
                let data = match data {
                    $(WebhookEventData::$variant(data) => match &self.$method {
                        Some(handler) => {
                            let done = handler(event.with_data(*data)).await;
                            return done.map_err(RouterError::Handler);
                        }
                        None => WebhookEventData::$variant(data),
                    },)*
                    WebhookEventData::Unknown(data) => WebhookEventData::Unknown(data),
                };
                match &self.otherwise {
                    Some(handler) => {
                        let done = handler(event.with_data(data)).await;
                        done.map_err(RouterError::Handler)
                    }
                    None => Err(RouterError::NoHandler(event.type_)),
                }
            }
        }

        impl fmt::Debug for Router {
            /// Shows which handlers are set.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut shown = f.debug_struct("Router");
                $(if self.$method.is_some() {
                    shown.field(stringify!($method), &"set");
                })*
                shown.field("on_undecodable", &self.on_undecodable.is_some());
                shown.field("otherwise", &self.otherwise.is_some()).finish()
            }
        }
    };
}

router! {
    on_transaction: Transaction(TransactionWebhookEventData),
    on_tss_request: TssRequest(TssRequestWebhookEventData),
    on_addresses: Addresses(AddressesEventData),
    on_wallet_info: WalletInfo(WalletInfoEventData),
    on_mpc_vault: MpcVault(MpcVaultEventData),
    on_chains: Chains(ChainsEventData),
    on_tokens: Tokens(TokensEventData),
    on_token_listing: TokenListing(TokenListingEventData),
    on_balance_update_info: BalanceUpdateInfo(BalanceUpdateInfoEventData),
    on_suspended_token: SuspendedToken(SuspendedTokenEventData),
    on_payment_order: PaymentOrder(PaymentOrderEventData),
    on_payment_refund: PaymentRefund(PaymentRefundEventData),
    on_payment_settlement: PaymentSettlement(PaymentSettlementEvent),
    on_payment_transaction: PaymentTransaction(PaymentTransactionEventData),
    on_payment_address_update: PaymentAddressUpdate(PaymentAddressUpdateEventData),
    on_payment_payout: PaymentPayout(PaymentPayoutEvent),
    on_payment_bank_withdrawal: PaymentBankWithdrawal(PaymentBankWithdrawalEvent),
    on_payment_bulk_send: PaymentBulkSend(PaymentBulkSendEvent),
    on_payment_bulk_send_item: PaymentBulkSendItem(PaymentBulkSendItemEvent),
    on_payment_account_balance_update:
        PaymentAccountBalanceUpdate(PaymentAccountBalanceUpdateEventData),
    on_compliance_disposition: ComplianceDisposition(ComplianceDispositionUpdateEventData),
    on_compliance_kyt_screenings: ComplianceKytScreenings(ComplianceKytScreeningsUpdateEventData),
    on_compliance_kya_screenings: ComplianceKyaScreenings(ComplianceKyaScreeningsUpdateEventData),
    on_organization: Organization(OrganizationEventData),
    on_fiat_transaction: FiatTransaction(FiatTransactionEventData),
}

impl Router {
    /// Creates a router without handlers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Handles events whose data does not decode ([`Event::data_error`]). Without it they fail, so that
    /// none counts as handled: an inbox parks them, and a later version of this crate may decode them.
    #[must_use]
    pub fn on_undecodable<F, R, E>(mut self, handler: F) -> Self
    where
        F: Fn(Event) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError>,
    {
        self.on_undecodable = boxed(handler);
        self
    }

    /// Whether [`otherwise`](Self::otherwise) is set. Without it, an event without a handler is an error.
    pub fn has_otherwise(&self) -> bool {
        self.otherwise.is_some()
    }

    /// Handles all other events: types without a handler, and types that the document does not know.
    ///
    /// Without it they are errors: an inbox parks them at once.
    #[must_use]
    pub fn otherwise<F, R, E>(mut self, handler: F) -> Self
    where
        F: Fn(Event) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError>,
    {
        self.otherwise = boxed(handler);
        self
    }
}
