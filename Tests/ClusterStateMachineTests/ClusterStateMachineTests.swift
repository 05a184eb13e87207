// ClusterStateMachineTests
