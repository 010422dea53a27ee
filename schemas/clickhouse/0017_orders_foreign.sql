-- How many orders have no money because they are in another currency.
ALTER TABLE customer_current
    ADD COLUMN IF NOT EXISTS orders_foreign_90d UInt32 COMMENT 'orders of the last 90 business days in another currency, whose money is not counted; of the latest 16';
ALTER TABLE customer_current
    COMMENT COLUMN aov_90d 'average order value of the last 90 business days; orders in another currency are left out';
