import Foundation
import Testing

extension EndToEndTests {
  struct PoolExampleTests {
    @Test(arguments: [
      (0, 0), (2, 0), (3, 1), (4, 2), (5, 2), (26, 9), (65_538, 6_543), (1_000_000, 78_498),
    ])
    func primesAreCounted(limit: Int, primes: Int) throws {
      let run = try Tool.run("run", "primes", "\(limit)", "--json", "--quiet")
      #expect(run.code == 0, "\(run.errors)")
      let report = try #require(try run.json() as? [String: Int])
      #expect(report == ["limit": limit, "primes": primes])
    }

    @Test(arguments: startMethods)
    func primesAreTold(method: String) throws {
      let run = try Tool.run(
        "run", "primes", "100000", "--workers", "3", "--quiet", "--start-method", method)
      #expect(run.code == 0, "\(run.errors)")
      #expect(run.output == "9592 primes are below 100000\n")
    }

    @Test(arguments: startMethods)
    func totalsAreExactWhileTheExampleKillsItsWorkers(method: String) throws {
      let run = try Tool.run(
        "run", "mapreduce", "--seconds", "2", "--kills-per-second", "10", "--json", "--quiet",
        "--workers", "3", "--start-method", method)
      #expect(run.code == 0, "\(run.errors)")
      let report = try #require(try run.json() as? [String: Any])
      #expect(report["isExact"] as? Bool == true)
      #expect(report["killed"] as? Int ?? 0 > 3)
      #expect(report["replaced"] as? Int ?? 0 > 3)
      let totals = try #require(report["totals"] as? [String: Int])
      #expect(totals.count == 16)
      #expect(totals.values.reduce(0, +) == report["words"] as? Int)
      #expect(report["chunks"] as? Int ?? 0 > 3)
    }

    @Test(arguments: startMethods)
    func totalsAreThoseOfARunWithoutDeathsWhenWorkersAreKilledFromOutside(
      method: String
    ) throws {
      let arguments = ["run", "mapreduce", "--items", "300", "--kills-per-second", "0", "--json"]
      let calm = try Tool(arguments + ["--quiet"]).end()
      #expect(calm.code == 0, "\(calm.errors)")
      let expected = try #require(try calm.json() as? [String: Any])
      #expect(expected["replaced"] as? Int == 0)
      #expect(expected["redone"] as? Int == 0)
      let tool = try Tool(arguments + ["--start-method", method])
      let killed = try killWorkers(of: tool)
      #expect(killed > 0)
      let run = try tool.end()
      #expect(run.code == 0, "\(run.errors)")
      let report = try #require(try run.json() as? [String: Any])
      #expect(report["isExact"] as? Bool == true)
      #expect(report["chunks"] as? Int == 300)
      #expect(report["totals"] as? [String: Int] == expected["totals"] as? [String: Int])
      #expect(report["words"] as? Int == expected["words"] as? Int)
      #expect(report["replaced"] as? Int ?? 0 >= killed)
    }

    /// Kills every worker once, or stops it before, as soon as its start is reported; returns how
    /// many there were.
    private func killWorkers(of tool: Tool) throws -> Int {
      var killed: Set<Int32> = []
      _ = tool.wait {
        let lines = tool.errorsSoFar.split(separator: "\n")
        let started = lines.compactMap { line -> Int32? in
          guard let match = line.firstMatch(of: /started \(pid (\d+)\)/) else { return nil }
          return Int32(match.1)
        }
        for pid in started where killed.insert(pid).inserted {
          // It may get some work done.
          usleep(20_000)
          if killed.count.isMultiple(of: 3) { kill(pid, SIGSTOP) }
          kill(pid, SIGKILL)
        }
        return killed.count >= 8 || !tool.outputSoFar.isEmpty
      }
      return killed.count
    }

    @Test func nothingIsLeftWhenTheRunIsInterrupted() throws {
      let tool = try Tool(["run", "mapreduce", "--seconds", "60", "--quiet"])
      #expect(tool.wait { tool.processes.count > 3 })
      tool.signal(SIGINT)
      #expect(try tool.end().code == -SIGINT)
    }
  }
}
