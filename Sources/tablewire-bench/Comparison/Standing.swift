/// How one contest stands.
struct Standing: Sendable {
    enum Verdict: String, Sendable {
        case reached = "yes"
        case missed = "no"
        /// One of the two sides was not measured.
        case unknown = "?"
    }

    let contest: Contest
    let own: Spread?
    /// Each entrant with its figure, nil when it gave none.
    let entrants: [(entrant: Contest.Entrant, spread: Spread?)]
    private let ledger: Ledger

    init(_ contest: Contest, in ledger: Ledger) {
        self.contest = contest
        self.ledger = ledger
        own = ledger.values(contest.own, contest.metric)
        entrants = contest.entrants.map { ($0, ledger.values($0.run, $0.metric ?? contest.metric)) }
    }

    /// The best median of a peer, whichever way it does the work.
    func best(of peer: String) -> Double? {
        let medians = entrants.filter { $0.entrant.peer == peer }.compactMap(\.spread?.median)
        return contest.metric.isLowerBetter ? medians.min() : medians.max()
    }

    /// Our figure divided by that of the peer that the target names.
    var ratio: Double? {
        guard case .times(_, let peer) = contest.target, let own, let best = best(of: peer), best > 0 else { return nil }
        return own.median / best
    }

    var verdict: Verdict {
        switch contest.target {
        case .times(let factor, _):
            guard let ratio else { return .unknown }
            return (contest.metric.isLowerBetter ? ratio <= factor : ratio >= factor) ? .reached : .missed
        case .absolute(let limit):
            guard let own else { return .unknown }
            return (contest.metric.isLowerBetter ? own.median <= limit : own.median >= limit) ? .reached : .missed
        }
    }

    /// Peers that gave no figure here, each with the reason.
    var missing: [(title: String, reason: String)] {
        entrants.filter { $0.spread == nil }.map { entrant, _ in
            (entrant.title, ledger.failures(entrant.run).last ?? "its line has no \((entrant.metric ?? contest.metric).field)")
        }
    }

    var ownFailure: String? { own == nil ? ledger.failures(contest.own).last ?? "not run" : nil }

    // MARK: For people

    var targetText: String {
        let sign = contest.metric.isLowerBetter ? "≤" : "≥"
        return switch contest.target {
        case .times(let factor, let peer): "\(sign) \(Figure.short(factor)) × \(peer)"
        case .absolute(let limit): "\(sign) \(Figure.short(limit)) \(contest.metric.unit)"
        }
    }

    func text(_ spread: Spread?) -> String {
        guard let spread else { return "not measured" }
        let metric = contest.metric
        guard spread.least < spread.most else { return metric.text(spread.median) }
        return "\(metric.text(spread.median)) (\(metric.text(spread.least)) to \(metric.text(spread.most)))"
    }

    var peersText: String {
        entrants.map { "\($0.entrant.title) \($0.spread == nil ? "missing" : text($0.spread))" }.joined(separator: ", ")
    }

    // MARK: For programs

    /// Flat: each entrant's median under its title.
    var line: ResultLine {
        var line = ResultLine("compare")
        for name in ["rows", "value_bytes", "seconds", "rate", "rss_mb", "bytes_on_wire"] { line[name] = nil }
        line["row"] = .text(contest.id)
        line["work"] = .text(contest.work)
        line["field"] = .text(contest.metric.field)
        line["unit"] = .text(contest.metric.unit)
        if let own {
            line["median"] = .number(own.median)
            line["least"] = .number(own.least)
            line["most"] = .number(own.most)
        }
        line["runs"] = .integer(ledger.count(contest.own))
        for (entrant, spread) in entrants {
            if let spread { line[entrant.title.replacing(" ", with: "_")] = .number(spread.median) }
        }
        if let ratio { line["ratio"] = .number(ratio) }
        line["target"] = .text(targetText)
        line["reached"] = .text(verdict.rawValue)
        if !missing.isEmpty { line["missing"] = .text(missing.map { "\($0.title): \($0.reason)" }.joined(separator: "; ")) }
        return line
    }
}
