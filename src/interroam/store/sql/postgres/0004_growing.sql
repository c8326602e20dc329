-- A session's line may say what is new of it (store/growing.py): a release that takes all lines for whole must not open
-- this any more. Nothing else changes; the lines that are there stay as they are.
SELECT 1;
