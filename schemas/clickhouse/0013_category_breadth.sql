-- How broadly a customer buys.
ALTER TABLE customer_current
    ADD COLUMN IF NOT EXISTS category_breadth UInt32 COMMENT 'distinct categories in the lines of the orders of the last 90 business days; exact up to 64';
