import Foundation
import Testing

extension EndToEndTests {
  struct ChannelExampleTests {
    @Test(arguments: startMethods, [1, 2, 7])
    func aTokenCountsItsHops(method: String, nodes: Int) throws {
      let run = try Tool.run(
        "run", "ring", "--nodes", "\(nodes)", "--laps", "20", "--json", "--quiet",
        "--start-method", method)
      #expect(run.code == 0, "\(run.errors)")
      let ring = try #require(try run.json() as? [String: Any])
      #expect(ring["hops"] as? Int == nodes * 20)
      #expect(ring["nodes"] as? Int == nodes)
      #expect(ring["laps"] as? Int == 20)
      let times = try #require(ring["nanosecondsPerHop"] as? [String: Int])
      let sorted = ["minimum", "median", "p90", "p99", "maximum"].compactMap { times[$0] }
      #expect(sorted.count == 5)
      #expect(sorted == sorted.sorted())
      #expect(sorted.first ?? 0 > 0)
    }

    @Test func hopsAndTimesAreTold() throws {
      let run = try Tool.run("run", "ring", "--nodes", "3", "--laps", "5", "--quiet")
      #expect(run.code == 0)
      #expect(run.lines.count == 2)
      #expect(run.output.hasPrefix("15 hops: 5 laps round 3 nodes\n"))
      #expect(run.output.contains("median"))
    }

    @Test(arguments: startMethods)
    func whatASubscriberMissedIsCounted(method: String) throws {
      let run = try Tool.run(
        "run", "broadcast", "--json", "--quiet", "--subscribers", "3", "--items", "1500",
        "--start-method", method)
      #expect(run.code == 0, "\(run.errors)")
      let broadcast = try #require(try run.json() as? [String: Any])
      #expect(broadcast["items"] as? Int == 1_500)
      #expect(broadcast["early"] is Int)
      let shares = try #require(broadcast["subscribers"] as? [[String: Any]])
      #expect(shares.map { $0["isSlow"] as? Bool } == [true, false, false])
      for share in shares {
        let received = try #require(share["received"] as? Int)
        let missed = try #require(share["missed"] as? Int)
        #expect(received + missed == 1_500)
        // As many as are under way come even to the slow one.
        #expect(received > 50)
      }
      #expect(shares[0]["missed"] as? Int ?? 0 > 0)
    }

    @Test func aBroadcastOfNothingIsReceivedByAll() throws {
      let run = try Tool.run("run", "broadcast", "--items", "0", "--quiet")
      #expect(run.code == 0)
      #expect(run.lines.count == 6)
    }
  }
}
