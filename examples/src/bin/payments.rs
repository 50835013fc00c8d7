//! Takes a payment and pays part of it back: creates a pay-in order, follows it until it is paid, and
//! refunds it.

#![allow(clippy::print_stdout)] // prints the result of each step

use std::error::Error;
use std::time::Duration;

use cobo_oauth::{OAuthClient, TokenSource};
use cobo_sandbox::{DEMO_ORG_ID, Sandbox};
use cobo_waas2::models::{self, Order, OrderStatus, RefundStatus, RefundType};
use cobo_waas2::{RequestId, Waas2Client};

const TOKEN: &str = "ETH_USDT";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // A sandbox that keeps what is created. The payer of its orders pays within a minute.
    let sandbox = Sandbox::waas2().start().await?;
    let auth = cobo_examples::client(&sandbox)?;
    let tokens = TokenSource::new(OAuthClient::new(auth.clone()), sandbox.client_id());
    let client = Waas2Client::new(auth.with_credential(tokens.credential(DEMO_ORG_ID)));

    let order = create_order(&client).await?;
    let order = follow(&client, &sandbox, &order.order_id).await?;
    if order.status == OrderStatus::Completed {
        let refund_id = refund(&client, &order, "40.00").await?;
        sandbox.advance_to_end();
        print_refund(&client, &refund_id).await?;
    }
    tokens.shutdown().await;
    Ok(())
}

async fn create_order(client: &Waas2Client) -> Result<Order, Box<dyn Error>> {
    let shop = models::CreateMerchantRequest::builder().name("Shop");
    let request = client.create_merchant().create_merchant_request(shop);
    let merchant = request.send().await?;

    // `psp_order_code` is your own id of the order: store it before you send the request.
    let order = models::CreatePaymentOrderRequest::builder()
        .merchant_id(&merchant.merchant_id)
        .psp_order_code("cart-7")
        .pricing_currency("USD")
        .pricing_amount("100.00")
        .fee_amount("0")
        .payable_currency(TOKEN);
    let request = client.create_payment_order();
    let order = request.create_payment_order_request(order).send().await?;
    let (amount, address) = (&order.payable_amount, &order.receive_address);
    println!("1. the payer sends {amount} {TOKEN} to {address}");
    Ok(order.into_inner())
}

/// Reads the order until its state is final. With webhooks, an app learns of it without requests.
async fn follow(
    client: &Waas2Client,
    sandbox: &Sandbox,
    order_id: &str,
) -> Result<Order, Box<dyn Error>> {
    loop {
        let request = client.get_payment_order_detail_by_id().order_id(order_id);
        let order = request.send().await?;
        println!("2. order: {}", order.status);
        match &order.status {
            // Not final. Wait some seconds here; the sandbox's clock is moved instead.
            OrderStatus::Pending | OrderStatus::Processing => {
                sandbox.advance(Duration::from_secs(30));
            }
            OrderStatus::Completed | OrderStatus::Expired | OrderStatus::Underpaid => {
                println!("3. received {} {TOKEN}", order.received_token_amount);
                return Ok(order.into_inner());
            }
            // A state that is newer than this SDK: let a person decide.
            other => return Err(format!("the order is in the unknown state {other}").into()),
        }
    }
}

async fn refund(
    client: &Waas2Client,
    order: &Order,
    amount: &str,
) -> Result<String, Box<dyn Error>> {
    // Store the id before `send`: see the program `treasury`.
    let request_id = RequestId::random()?;
    let mut refund = models::CreateRefundRequest::builder()
        .request_id(&request_id)
        .order_id(&order.order_id)
        .payable_amount(amount)
        .token_id(TOKEN)
        .refund_type(RefundType::Merchant)
        .to_address("0x9f2f5dd4bd8f3d0fd8a5d0a4c1d4b9a1a3c0c5b1");
    if let Some(merchant_id) = &order.merchant_id {
        refund = refund.merchant_id(merchant_id);
    }
    let request = client.create_refund().create_refund_request(refund);
    let created = request.send().await?;
    println!("4. refund of {}: {}", created.amount, created.status);
    Ok(created.into_inner().refund_id)
}

async fn print_refund(client: &Waas2Client, refund_id: &str) -> Result<(), Box<dyn Error>> {
    let request = client.get_refund_detail_by_id().refund_id(refund_id);
    let refund = request.send().await?;
    match &refund.status {
        RefundStatus::Failed => println!("5. refund failed: {:?}", refund.failed_reason),
        status => println!("5. refund: {status}"),
    }
    Ok(())
}
