-- A row may lie in its table several times until parts are merged: after a kill
-- its insert is repeated. Whoever reads the tables has to know, and the epoch of
-- a life of the state lies 36 bits above the row number.
ALTER TABLE customer_current
    COMMENT COLUMN seq 'epoch << 36 | dense number within the shard; the row\'s version';
ALTER TABLE customer_current MODIFY COMMENT 'the latest row of every customer, with older ones beside it until they are merged: read it with FINAL, or through the views';
ALTER TABLE score_history
    COMMENT COLUMN seq 'epoch << 36 | dense number within the shard; the row\'s version';
ALTER TABLE score_history MODIFY COMMENT 'every row that was made of a customer, kept for 400 days after it was computed; a row may repeat until it is merged: read v_score_history, or this with FINAL';
ALTER TABLE alert_event
    COMMENT COLUMN seq 'epoch << 36 | dense number within the shard';
ALTER TABLE alert_event MODIFY COMMENT 'every transition of every alert, the suppressed ones included; a row may repeat until it is merged: read v_alert_event, or this with FINAL';
ALTER TABLE model_params
    COMMENT COLUMN seq 'epoch << 36 | dense number within the shard';
ALTER TABLE model_params MODIFY COMMENT 'parameters of the models by version, one row per shard that uses them; a row may repeat until it is merged: read it with FINAL';
