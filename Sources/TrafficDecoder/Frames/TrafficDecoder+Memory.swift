extension TrafficDecoder {
    /// Bytes of frames and messages that are kept because their rest has not come.
    package var keptBytes: Int {
        openLinks.reduce(0) { sum, link in
            [link.dialer, link.acceptor].reduce(sum) { sum, end in
                end.lanes.reduce(sum + end.scanner.kept.count) { $0 + ($1.unfinished?.body.count ?? 0) }
            }
        }
    }

    /// Connections that have not ended.
    package var openConnections: Int { openLinks.count }
}
