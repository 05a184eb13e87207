import ProgramTerminal

/// One row of the comparison: a piece of work that several programs do, and what we want to reach.
struct Contest: Sendable {
    /// What of a line of JSON is compared.
    struct Metric: Hashable, Sendable {
        var field: String
        var isPerRow = false
        var factor = 1.0
        var unit: String
        var isLowerBetter = true

        static let seconds = Metric(field: "seconds", unit: "s")
        static let rate = Metric(field: "rate", unit: "/s", isLowerBetter: false)
        static let median = Metric(field: "p50_us", unit: "µs")
        static let memoryPerRow = Metric(field: "rss_mb", isPerRow: true, factor: 1_048_576, unit: "B")
        static let wirePerRow = Metric(field: "bytes_on_wire", isPerRow: true, unit: "B")

        /// A figure with its unit; short times in milliseconds.
        func text(_ value: Double) -> String {
            unit == "s" && value < 0.1 ? "\(Figure.short(value * 1000)) ms" : "\(Figure.short(value)) \(unit)"
        }

        func value(_ line: ResultLine) -> Double? {
            guard let value = line.number(field) else { return nil }
            guard isPerRow else { return value * factor }
            guard let rows = line.number("rows"), rows > 0 else { return nil }
            return value * factor / rows
        }
    }

    /// A peer that does the same work.
    struct Entrant: Sendable {
        /// How the peer does it, when it can in several ways.
        var variant: String
        var run: BenchmarkRun
        /// Where its time stands, when that is not where ours does.
        var metric: Metric?
        /// For what takes a minute and is always the same.
        var runsAtMost: Int

        init(
            _ peer: String, _ arguments: String, variant: String = "", metric: Metric? = nil, runsAtMost: Int = .max
        ) {
            self.variant = variant
            self.metric = metric
            self.runsAtMost = runsAtMost
            run = BenchmarkRun(peer: peer, arguments: arguments.split(separator: " ").map(String.init))
        }

        /// A peer that this program measures in the same way as ours.
        init(_ peer: String, link arguments: String, variant: String = "", runsAtMost: Int) {
            self.init(peer, "", variant: variant, runsAtMost: runsAtMost)
            run = .own("link --peer \(peer) \(arguments)", peer: peer)
        }

        var peer: String { run.peer }
        var title: String { variant.isEmpty ? peer : "\(peer) \(variant)" }
    }

    enum Target: Hashable, Sendable {
        /// So many times the best figure of a peer.
        case times(Double, of: String)
        case absolute(Double)
    }

    var id: String
    var work: String
    var metric: Metric
    var own: BenchmarkRun
    var entrants: [Entrant]
    var target: Target

    init(_ id: String, _ work: String, _ metric: Metric, own: String, _ target: Target, _ entrants: [Entrant]) {
        self.id = id
        self.work = work
        self.metric = metric
        self.own = .own(own)
        self.entrants = entrants
        self.target = target
    }
}

extension Contest {
    /// Every row, in the order of the table. Rows that share a run use the same one.
    static func all(rows: Int, seconds: Double) -> [Contest] {
        copies(rows) + writes(seconds) + reads(rows, seconds) + restarts(rows) + failures
    }

    private static func copies(_ rows: Int) -> [Contest] {
        let durable = Metric(field: "durable_seconds", unit: "s")
        let ram = [
            Entrant("mnesia", "join rows=\(rows) type=ram"), Entrant("redis", "join rows=\(rows) delay=0"),
            Entrant("etcd", "join rows=\(rows)", runsAtMost: 2),
        ]
        return [
            Contest(
                "copy-ram", "first copy of \(Quantity.grouped(rows)) rows, ram", .seconds,
                own: "join --rows \(rows) --storage ram",
                .times(0.5, of: "mnesia"), ram),
            Contest(
                "copy-disc", "the same, disc", .seconds, own: "join --rows \(rows) --storage disc", .times(0.5, of: "mnesia"),
                [
                    Entrant("mnesia", "join rows=\(rows) type=disc"),
                    Entrant("redis", "join rows=\(rows) delay=0 type=disc", variant: "AOF", metric: durable),
                    Entrant("etcd", "join rows=\(rows)", runsAtMost: 2),
                ]),
            link(rows, "copy-link", roundTrip: 0), link(rows, "copy-link-20", roundTrip: 20),
            Contest(
                "copy-bytes", "bytes of it a row, compressed", .wirePerRow, own: "snapshot --rows \(rows) --codec zlib",
                .absolute(27),
                [
                    Entrant("mnesia", "join rows=\(rows) type=ram compress=1", variant: "send_compressed"),
                    Entrant("redis", "join rows=\(rows) delay=0"),
                ]),
            Contest(
                "memory", "resident memory of the joiner, a row", .memoryPerRow, own: "join --rows \(rows) --storage ram",
                .absolute(140), ram),
        ]
    }

    private static func link(_ rows: Int, _ id: String, roundTrip: Int) -> Contest {
        let arguments = "--rows \(rows) --rate 100 --round-trip \(roundTrip)"
        return Contest(
            id, "the same over 100 Mbit/s" + (roundTrip > 0 ? ", \(roundTrip) ms round trip" : ""), .seconds,
            own: "link " + arguments, .times(0.25, of: "mnesia"),
            [
                Entrant("mnesia", link: arguments, runsAtMost: 2),
                Entrant("mnesia", link: arguments + " --compress", variant: "send_compressed", runsAtMost: 2),
                Entrant("redis", link: arguments, runsAtMost: 2),
            ])
    }

    private static func writes(_ seconds: Double) -> [Contest] {
        func peers(_ writers: Int) -> [Entrant] {
            [
                Entrant("redis", "write secs=\(seconds) writers=\(writers) pipeline=1 wait=2", variant: "WAIT 2"),
                Entrant(
                    "mnesia", "write secs=\(Int(seconds.rounded(.up))) mode=sync_dirty writers=\(writers)", variant: "sync_dirty"),
                Entrant(
                    "mnesia", "write secs=\(Int(seconds.rounded(.up))) mode=transaction writers=\(writers)",
                    variant: "transaction"), Entrant("etcd", "write secs=\(seconds) writers=\(writers)"),
            ]
        }
        let many = "write --seconds \(seconds) --writers 16"
        return [
            Contest(
                "write-16", "replicated writes, 3 nodes, all acknowledged, 16 writers", .rate, own: many,
                .times(2, of: "redis"), peers(16)),
            Contest("write-16-median", "median latency of it", .median, own: many, .times(0.5, of: "redis"), peers(16)),
            Contest(
                "write-1", "one writer", .rate, own: "write --seconds \(seconds) --writers 1", .times(1.5, of: "redis"), peers(1)),
            Contest(
                "write-batch", "16 writers, batches of 100", .rate, own: many + " --batch 100", .times(1.5, of: "redis"),
                [Entrant("redis", "write secs=\(seconds) writers=16 pipeline=100 wait=2", variant: "WAIT 2")]),
            Contest(
                "write-embedded", "in process, local acknowledgement, replicas drained", .rate,
                own: "write --seconds \(seconds) --in-process", .times(5, of: "mnesia"),
                [Entrant("mnesia", "write secs=\(Int(seconds.rounded(.up))) mode=async_dirty writers=1", variant: "async_dirty")]),
        ]
    }

    private static func reads(_ rows: Int, _ seconds: Double) -> [Contest] {
        let lookups = Metric(field: "lookups_per_s", unit: "/s", isLowerBetter: false)
        return [
            Contest(
                "read", "reads in process, one thread, \(Quantity.grouped(rows)) rows", .rate,
                own: "read --rows \(rows) --seconds \(seconds)", .times(3, of: "mnesia"),
                [
                    Entrant("mnesia", "read op=ets_lookup rows=\(rows)", variant: "ets:lookup"),
                    Entrant("mnesia", "read op=dirty_read rows=\(rows)", variant: "dirty_read"),
                    Entrant("raw", "map \(rows) 64 hash", variant: "unordered_map", metric: lookups),
                ])
        ]
    }

    private static func restarts(_ rows: Int) -> [Contest] {
        func peers(_ stop: String) -> [Entrant] {
            [
                Entrant("redis", "restart rows=\(rows) mode=aof", variant: "AOF"),
                Entrant("redis", "restart rows=\(rows) mode=rdb", variant: "RDB"),
                Entrant("mnesia", "restart rows=\(rows) stop=\(stop)"),
                Entrant("etcd", "restart rows=\(rows)", runsAtMost: 2),
            ]
        }
        return [
            Contest(
                "restart-clean", "restart alone with \(Quantity.grouped(rows)) durable rows", .seconds,
                own: "restart --rows \(rows) --stop clean", .times(0.5, of: "redis"), peers("clean")),
            Contest(
                "restart-kill", "the same after kill -9", .seconds, own: "restart --rows \(rows) --stop kill",
                .times(0.5, of: "redis"), peers("kill")),
        ]
    }

    private static var failures: [Contest] {
        [
            Contest(
                "kill", "killed process called down by all", .seconds, own: "failure --signal KILL", .absolute(0.1),
                [
                    Entrant("redis", "failure signal=KILL"), Entrant("mnesia", "failure signal=KILL"),
                    Entrant("etcd", "failure signal=KILL"), Entrant("serf", "failure signal=KILL"),
                ]),
            Contest(
                "stop", "hung process called down by all", .seconds, own: "failure --signal STOP", .absolute(1.5),
                [
                    Entrant("etcd", "failure signal=STOP"),
                    Entrant("mnesia", "failure signal=STOP ticktime=5", variant: "5 s ticks"),
                    Entrant("serf", "failure signal=STOP"), Entrant("redis", "failure signal=STOP", runsAtMost: 1),
                    Entrant("mnesia", "failure signal=STOP ticktime=60", variant: "default", runsAtMost: 1),
                ]),
        ]
    }
}
