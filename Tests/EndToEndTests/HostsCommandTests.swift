import Foundation
import Testing

extension EndToEndTests {
  /// `ptree hosts` says which hosts can be used, and what is wrong with the others.
  struct HostsCommandTests {
    @Test func aHostThatIsUpIsDescribed() throws {
      let run = try Tool.run("hosts", "command:env", "--json")
      #expect(run.code == 0, "\(run.errors)")
      let line = try run.json() as? [String: Any]
      #expect(line?["host"] as? String == "command")
      #expect(line?["error"] is NSNull)
      #expect((line?["processors"] as? Int ?? 0) > 0)
      #expect((line?["timeToUp"] as? Double ?? 0) > 0)
    }

    @Test func eachHostHasALineAndAFailureIsNamed() throws {
      let run = try Tool.run("hosts", "command:env", "command:/no/such/engine")
      #expect(run.code == 1)
      #expect(run.lines.count == 2)
      #expect(run.lines.first?.hasPrefix("command: up in ") == true)
      #expect(run.lines.last?.contains("/no/such/engine") == true)
    }

    @Test(arguments: [["hosts"], ["hosts", "b", "--within", "0"], ["hosts", "b", "--nonsense"]])
    func badUsageIsRefused(arguments: [String]) throws {
      let run = try Tool(arguments).end()
      #expect(run.code == 2 && run.output == "")
    }
  }
}
