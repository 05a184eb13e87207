// ClusterModelTests
