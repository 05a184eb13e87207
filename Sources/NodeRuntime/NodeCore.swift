import ClusterModel
import ClusterStateMachine
import LinkTransport
import Logging
import NIOCore
import NIOPosix
import TableStorage

/// The node itself: state machine, replication, tables and links, all on one event loop, so that nothing needs a lock.
/// Its parts are in the extensions `NodeCore+….swift`.
final class NodeCore {
    let configuration: NodeConfiguration
    let machineConfiguration: ClusterStateMachine.NodeConfiguration
    let logger: Logger
    let loop: any EventLoop
    let clock: WallClock
    let disk: DiskThread
    let packer: ChunkPacker
    let capture: LinkCapture?
    private let stopped: EventLoopPromise<Void>

    var machine: NodeMachine
    var replication: Replication
    let store: TableStore
    /// Issues the stamps of own writes; follows the clocks of the peers (VER-001).
    var hybridClock: HybridClock
    var counters = Counters()

    // Links.
    var listener: (any Channel)?
    var httpListener: (any Channel)?
    var links: [LinkID: Link] = [:]
    /// The message that is being handled: what a CLOSE because of it names (LNK-046).
    var blamed: (link: LinkID, type: MessageType, sequence: UInt64)?
    /// Connections that only wait for the peer to close after CLOSE.
    var draining: Set<ObjectIdentifier> = []

    // The state machine's turn.
    var waitingEvents = CircularBuffer<NodeEvent>()
    var isHandling = false
    var timer: (deadline: Duration, scheduled: Scheduled<Void>)?
    var viewHash: UInt64 = 0

    // Replication's turn.
    var waitingActions = CircularBuffer<ReplicationAction>()
    var isRunningActions = false
    private var replicationTimer: (deadline: Duration, scheduled: Scheduled<Void>)?
    var incoming: [SnapshotKey: SnapshotReceiving] = [:]
    var turnWrites: [TableName: TurnWrites] = [:]
    var waits: [UInt64: WaitingWrite] = [:]
    var nextWait: UInt64 = 0
    private var isKeyLogTold = false
    private var isTurnEndScheduled = false
    private var isEndingTurn = false
    /// Links that have something to write at the end of the turn.
    var outputs: [LinkHandler] = []

    // Calls.
    var memberWatchers: [Caller] = []
    var memberEvents = EventRing<MemberEvent>()
    var rowWatchers: [TableName: [Caller]] = [:]
    var rowEvents: [TableName: EventRing<RowEvent>] = [:]
    var leaving: [Caller] = []
    /// While this node changes its origin or its cluster: see `beginRenewal`.
    var isRenewing = false
    var renewedWaits: [UInt64: WaitingWrite] = [:]
    var heldCalls: [(call: Call, caller: Caller)] = []
    var joining: JoinSession?
    /// Why the last join failed, also where a REPLY may not say it (ERR-004).
    var joinFailure: ErrorCode?
    /// Runs when everything written so far is on disk.
    var durableWaiters: [(position: UInt64, body: (DiskError?) -> Void)] = []
    var isSyncScheduled = false
    /// Runs when the disk has nothing left to do: the checkpoint is written too.
    var idleWaiters: [() -> Void] = []

    /// When a refusal was last told, and how many like it were not (see NodeCore+Reports).
    var lastReports: [String: (at: Duration, suppressed: Int)] = [:]
    /// Why each member could not be dialled the last time; at most one for each member that was ever known.
    var dialProblems: [NodeID: String] = [:]
    var isPrepared = false
    var isStopping = false

    init(
        configuration: NodeConfiguration, logger: Logger, loop: any EventLoop, stopped: EventLoopPromise<Void>
    ) throws(NodeError) {
        self.configuration = configuration
        self.logger = logger
        self.loop = loop
        self.stopped = stopped
        clock = WallClock(offset: configuration.clockOffset)
        let opened = try NodeCore.openStore(configuration, at: clock.milliseconds, logger: logger)
        store = opened.store
        hybridClock = HybridClock(bound: store.clockBound)
        disk = DiskThread(worker: opened.worker, loop: loop)
        packer = ChunkPacker(loop: loop)
        machineConfiguration = ClusterStateMachine.NodeConfiguration(
            heartbeat: .init(interval: configuration.preset.interval, deadline: configuration.preset.deadline))
        machine = NodeCore.makeMachine(
            machineConfiguration, configuration, store, at: Moment(elapsed: clock.elapsed, wall: clock.milliseconds))
        replication = Replication(origin: store.origin)
        // Not before the data directory is ours: a second node by mistake must not empty the first one's capture.
        if let file = configuration.capture {
            capture = try LinkCapture(file, node: "\(configuration.name)")
        } else {
            capture = nil
        }
    }

    static func makeMachine(
        _ machine: ClusterStateMachine.NodeConfiguration, _ configuration: NodeConfiguration, _ store: TableStore, at now: Moment
    ) -> NodeMachine {
        NodeMachine(
            configuration: machine,
            identity: ClusterStateMachine.NodeIdentity(
                cluster: store.data.cluster, node: store.identity.node, incarnation: store.origin.incarnation,
                name: configuration.name, address: configuration.advertise ?? configuration.listen),
            members: store.data.members, random: SplitMix64(seed: UInt64.random(in: 0 ... .max)), at: now)
    }

    // MARK: Life

    func start() -> EventLoopFuture<Void> {
        logger.info(
            "node starts",
            metadata: [
                "node.name": "\(configuration.name)", "node.id": "\(store.identity.node)",
                "node.incarnation": "\(store.origin.incarnation)", "cluster.id": "\(data.cluster)",
                "data": "\(configuration.dataDirectory)", "tables": "\(data.definitions.count)",
                "links": configuration.tls == nil ? "in clear" : "TLS 1.3 with mutual certificates",
            ])
        return listen().assumeIsolated().flatMap { self.listenForHTTP() }.map {
            self.beginReplication()
            self.handle(.started)
            self.logger.info(
                "node is ready",
                metadata: ["listen": "\(self.configuration.listen)", "ready.ms": "\(self.clock.elapsed.nanoseconds / 1_000_000)"])
            self.scheduleMaintenance()
            self.joinConfigured()
        }.nonisolated()
    }

    /// Tells replication all that is on disk or came with a join: tables first, then members.
    func beginReplication() {
        for definition in data.definitions {
            observe(definition)
            observeRows(of: definition.name)
            configureTable(definition.name)
            if let table = localTable(definition.name) { run(replication.define(table, elapsed: clock.elapsed)) }
        }
        run(replication.members(machine.members, elapsed: clock.elapsed))
        viewChanged()
    }

    /// A clean stop: writes are on disk, peers are told, then everything ends.
    func stop() {
        guard !isStopping else { return }
        logger.info("node stops")
        flushWrites()
        for link in links.values { stopServing(link) }
        handle(.shutDown)
        isStopping = true
        timer?.scheduled.cancel()
        replicationTimer?.scheduled.cancel()
        listener?.close(promise: nil)
        httpListener?.close(promise: nil)
        store.startCheckpoint()
        whenIdle { self.closeDisk() }
        endOfTurnSoon()
    }

    func closeDisk() {
        packer.stop {
            self.disk.finish {
                self.isDiskClosed = true
                self.stopIfDrained()
            }
        }
    }

    private var isDiskClosed = false

    func stopIfDrained() {
        guard isStopping, isDiskClosed, draining.isEmpty else { return }
        stopped.succeed(())
    }

    // MARK: Turns

    /// What happens once after all events of one turn of the loop: one OPERATIONS for all writes, one ACK for all applied, one
    /// batch for the disk, one write for each socket.
    func endOfTurnSoon() {
        guard !isTurnEndScheduled else { return }
        isTurnEndScheduled = true
        guard !isEndingTurn else { return }
        loop.assumeIsolated().execute { self.endTurn() }
    }

    /// What the end of a turn causes, such as the next write of who was answered, belongs to the next turn.
    private func endTurn() {
        isEndingTurn = true
        isTurnEndScheduled = false
        flushWrites()
        for link in links.values {
            guard let peer = link.member else { continue }
            sendAcks(to: peer, on: link)
            if replication.queued(peer) > 0 { continueStreaming(to: link) }
        }
        publishRowChanges()
        startDiskWork()
        scheduleReplicationTick()
        grantCredit()
        let outputs = outputs
        self.outputs.removeAll(keepingCapacity: true)
        for handler in outputs { handler.flush() }
        isEndingTurn = false
        if isTurnEndScheduled { loop.assumeIsolated().execute { self.endTurn() } }
    }

    /// Without credit, what the peers want to send waits at their end and not in our memory (LIM-030).
    private func grantCredit() {
        let isDiskKeepingUp = store.position - store.durable < UInt64(Limits.diskBacklog)
        for link in links.values {
            let grants = isDiskKeepingUp && link.handler.waitingBytes < Limits.linkBacklog
            if link.handler.grantsCredit != grants { link.handler.grantsCredit = grants }
        }
    }

    private func scheduleReplicationTick() {
        guard let deadline = replication.nextTick, !isStopping else { return }
        if let timer = replicationTimer, timer.deadline <= deadline { return }
        replicationTimer?.scheduled.cancel()
        let delay = max(.zero, deadline - clock.elapsed)
        let scheduled = loop.assumeIsolated().scheduleTask(in: .nanoseconds(delay.nanoseconds)) {
            self.replicationTimer = nil
            self.run(self.replication.tick(elapsed: self.clock.elapsed, local: self.localTable))
        }
        replicationTimer = (deadline, scheduled)
    }

    /// Slow, regular work: tombstones, floors, the clock's bound.
    private func scheduleMaintenance() {
        loop.assumeIsolated().scheduleTask(in: .milliseconds(500)) {
            guard !self.isStopping else { return }
            self.maintain()
            self.scheduleMaintenance()
        }
    }

    private func maintain() {
        if let problem = configuration.tls?.keyLogProblem, !isKeyLogTold {
            isKeyLogTold = true
            logger.error("the TLS key log has gaps, the node goes on", metadata: ["error": "\(problem)"])
        }
        if let capture {
            counters.captureBytesLost = UInt64(capture.lostBytes)
            capture.report(to: logger)
        }
        guard store.failure == nil, joining == nil else { return }
        for definition in data.definitions where definition.exists {
            guard let local = localTable(definition.name) else { continue }
            if let covered = replication.collectable(local) {
                _ = attempt { () throws(StorageError) in
                    try data.collectTombstones(definition.name, coveredBy: covered)
                }
            }
            for origin in replication.compactable(local, elapsed: clock.elapsed) {
                _ = attempt { () throws(StorageError) in try data.compact(definition.name, origin) }
            }
        }
        endOfTurnSoon()
    }

    /// The data as it is now.
    var data: Generation { store.data }

    /// A stamp above all that this node has issued (VER-003). What else it must be above, the caller has observed.
    func issueStamp() -> Stamp {
        let stamp = hybridClock.issue(at: clock.milliseconds)
        _ = attempt { () throws(StorageError) in try store.cover(stamp) }
        return stamp
    }

    /// A change that the store may refuse because the disk has failed: then the node goes on reading, and has said so once.
    func attempt<Result>(_ body: () throws(StorageError) -> Result) -> Result? {
        do throws(StorageError) {
            return try body()
        } catch {
            logger.warning("storage refused a change", metadata: ["error": "\(error)"])
            return nil
        }
    }
}
