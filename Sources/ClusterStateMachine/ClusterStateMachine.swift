// ClusterStateMachine
