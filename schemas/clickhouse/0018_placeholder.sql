-- Nothing.
ALTER TABLE customer_current
    COMMENT COLUMN aov_90d 'average order value of the last 90 business days; orders in another currency are left out';
