import ClusterModel
import Foundation
import NodeRuntime
import Testing

@Suite(.serialized) struct ClusterTests {
    let routes: TableName

    init() throws { routes = try #require(TableName("routes")) }

    @Test func oneNodeServesAlone() async throws {
        try await withNodes { nodes in
            let n1 = try await nodes.start(1)
            try await n1.create(routes)
            let result = try await n1.put(routes, "a", "1")
            #expect(result.replicas == 1 && result.wanted == 1)
            #expect(try await n1.get(routes, "a") == ["1"])
            #expect(try await n1.status().members.map(\.record.state) == [.up])
        }
    }

    @Test func joinersGetTheRowsAndWritesReachEveryone() async throws {
        try await withNodes { nodes in
            let n1 = try await nodes.start(1)
            try await n1.create(routes, .set, .disc)
            for index in 0..<500 { try await n1.put(routes, "k\(index)", "v\(index)") }
            let n2 = try await nodes.start(2)
            let n3 = try await nodes.start(3)
            for node in [n2, n3] {
                #expect(try await node.join(n1).copied == 500)
            }
            for node in [n1, n2, n3] { try await node.waitForMembers(3) }
            let result = try await n3.put(routes, "from3", "x")
            #expect(result.replicas == 3)
            #expect(result.wanted == 3)
            for node in [n1, n2, n3] { #expect(try await node.get(routes, "from3") == ["x"]) }
            try await eventually("digests are equal") {
                let digests = try await [n1.info(routes).digest, n2.info(routes).digest, n3.info(routes).digest]
                return Set(digests).count == 1
            }
            #expect(try await n2.info(routes).rows == 501)
        }
    }
}
