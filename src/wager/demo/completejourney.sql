-- Questions about the Complete Journey files, each named. $since, $until and the like are bound.
-- Clock: the timestamps are naive and look like UTC; they are taken so and shown in New York.

-- name: households
-- Those that still buy in December first, so that a slice has something to replay.
create table taken as
select household_id from transactions
group by household_id
order by max(transaction_timestamp) < timestamp '2017-12-01', household_id
limit $households;

-- name: products
-- What is sold, with the median shelf price of a unit before December; $slice leaves out what
-- the households that are taken never bought.
with prices as (
  select product_id,
         median((sales_value + retail_disc + coupon_match_disc) / quantity) as price
  from transactions
  where quantity > 0 and transaction_timestamp < timestamp '2017-12-01'
  group by product_id
)
select product_id, manufacturer_id, department, brand, product_category, product_type,
       package_size, price
from products left join prices using (product_id)
where not $slice
   or product_id in (select product_id from transactions where household_id in (from taken))
order by product_id;

-- name: coupons
-- One coupon of one campaign (good through its last day), with its products by category.
with counted as (
  select campaign_id, coupon_upc, department, product_category, count(*) as products
  from coupons join products using (product_id)
  group by all
)
select campaign_id, coupon_upc, campaign_type, start_date, end_date + interval 1 day,
       sum(products)::bigint as products,
       list({'department': department, 'category': product_category, 'products': products}
            order by products desc, product_category) as parts
from counted join campaigns using (campaign_id)
group by all
order by campaign_id, coupon_upc;

-- name: people
-- Each household's first basket, and what is known of 801 of them.
select household_id, first_at, age, income, home_ownership, marital_status, household_size,
       household_comp, kids_count
from (select household_id, min(transaction_timestamp) as first_at from transactions group by 1)
join taken using (household_id)
join demographics using (household_id)
order by first_at, household_id;

-- name: sends
-- The moments at which a household is sent a campaign, with all that it then holds.
select mine.household_id, mine.campaign_id, mine.start_date, list(other.campaign_id order by other.campaign_id) as running
from (select household_id, campaign_id, start_date from sends join campaigns using (campaign_id)) mine
join (select household_id, campaign_id, start_date, end_date from sends join campaigns using (campaign_id)) other
  on other.household_id = mine.household_id
 and other.start_date <= mine.start_date and other.end_date >= mine.start_date
where mine.household_id in (from taken)
group by mine.household_id, mine.campaign_id, mine.start_date
order by mine.start_date, mine.household_id, mine.campaign_id;

-- name: redemptions
-- Each redemption with the basket of that day (in New York) that it most likely belongs to: one
-- with a product of the coupon, else one with a discount, else the first; none for about 5 %.
with baskets as (
  select household_id, basket_id, min(transaction_timestamp) as shopped_at,
         cast(timezone('America/New_York', timezone('UTC', min(transaction_timestamp))) as date) as day,
         sum(coupon_disc) as discount, list(product_id) as products
  from transactions
  where household_id in (select household_id from redemptions)
  group by household_id, basket_id
),
fitting as (
  select redemptions.*, baskets.basket_id, baskets.shopped_at,
         row_number() over (
           partition by redemptions.household_id, coupon_upc, campaign_id, redemption_date
           order by exists (
             from coupons
             where coupons.coupon_upc = redemptions.coupon_upc
               and coupons.campaign_id = redemptions.campaign_id
               and list_contains(baskets.products, coupons.product_id)
           ) desc, discount desc, baskets.shopped_at, basket_id
         ) as place
  from redemptions left join baskets
    on baskets.household_id = redemptions.household_id and day = cast(redemption_date as date)
  where redemptions.household_id in (from taken)
)
select household_id, campaign_id, coupon_upc, redemption_date, basket_id, shopped_at
from fitting where place = 1
order by coalesce(shopped_at, redemption_date), household_id, campaign_id, coupon_upc;

-- name: baskets
-- A basket with its lines. Fuel is counted in thousandths: one filling is one. Lines of quantity 0
-- (voided) are kept as one piece at the price that was paid. $by_person puts each household's
-- baskets together.
with lines as (
  select household_id, basket_id, store_id, product_id, transaction_timestamp as shopped_at,
         case when quantity < 1 or quantity > 1000 then 1 else quantity end as pieces,
         sales_value, retail_disc + coupon_disc + coupon_match_disc as discount
  from transactions
  where transaction_timestamp >= $since and transaction_timestamp < $until
    and household_id in (from taken)
),
merged as (
  select household_id, basket_id, store_id, min(shopped_at) as shopped_at, product_id,
         sum(pieces)::bigint as quantity, sum(sales_value) as paid, sum(discount) as discount
  from lines group by household_id, basket_id, store_id, product_id
)
select household_id, basket_id, store_id, min(shopped_at) as shopped_at,
       round(sum(paid), 2) as revenue, round(sum(discount), 2) as discount,
       list({'product_id': product_id::varchar, 'quantity': quantity,
             'price': round(paid / quantity, 2)} order by product_id) as products
from merged
group by household_id, basket_id, store_id
order by case when $by_person then household_id end, shopped_at, basket_id;

-- name: count
-- How much there is to take in.
select count(distinct basket_id), count(*)
from transactions
where transaction_timestamp >= $since and transaction_timestamp < $until
  and household_id in (from taken);

-- name: coupon_ids
-- Which coupons a campaign has.
select distinct campaign_id, coupon_upc from coupons order by campaign_id, coupon_upc;

-- name: held
-- Which campaigns a household was sent, and until when (the last day counts) they run.
select household_id, campaign_id, start_date, end_date + interval 1 day
from sends join campaigns using (campaign_id)
where household_id in (from taken)
order by household_id, campaign_id;
