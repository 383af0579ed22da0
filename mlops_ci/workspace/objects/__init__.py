"""Object storage as a workspace: Amazon S3 and its likes, Azure Blob Storage, Google Cloud Storage."""
