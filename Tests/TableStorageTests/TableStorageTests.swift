// TableStorageTests
