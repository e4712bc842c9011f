import Foundation
import ProcessTreeTestSettings
import Testing

extension EndToEndTests {
  /// Live runs, looked at and changed by a `ptree` that has another directory for temporary files.
  struct LiveRunTests {
    private static let file = """
      ptree: 1
      nodes:
        db: {shell: 'exec sleep 60', restart: always}
        slow: {shell: 'exec sleep 60', readiness: {file: nowhere, within: 60s}}
        late: {shell: 'exec sleep 60', dependsOn: [slow]}
        g: {nodes: {in: {shell: 'exec sleep 60'}}}
        web: {shell: 'exec sleep 60', instances: 2, dependsOn: {db: started}}
      """

    /// Starts the file under a name that no other run has.
    private func start(_ method: String = "forkServer") throws -> Tool {
      let tool = try Tool(
        shell:
          "printf '%s' \"$TEXT\" > shop-$$.yaml; exec \"$PTREE\" run shop-$$.yaml --quiet --start-method \(method)",
        environment: ["TEXT": Self.file])
      #expect(
        try tool.wait {
          states(try Tool.run("ps", "\(tool.pid)", "--json")).filter { $0.value == "up" }.count == 6
        })
      return tool
    }

    /// The states of a run's nodes, by their addresses.
    private func states(_ ended: Tool.Ended) -> [String: String] {
      var states: [String: String] = [:]
      for node in nodes(ended) {
        if let address = node["address"] as? String { states[address] = node["state"] as? String }
      }
      return states
    }

    private func nodes(_ shown: Tool.Ended) -> [[String: Any]] { Tool.nodes(in: shown) }

    private func pid(of address: String, in tool: Tool) throws -> Int? {
      nodes(try Tool.run("ps", "\(tool.pid)", "--json"))
        .first { $0["address"] as? String == address }?["pid"] as? Int
    }

    /// Stops the run by the tool, and checks what it ends with.
    private func stop(_ tool: Tool) throws {
      let stop = try Tool.run("stop", "\(tool.pid)", "--reason", "the test is over")
      #expect(stop.code == 0, "\(stop.errors)")
      #expect(try tool.end().code == -SIGTERM)
    }

    @Test(arguments: startMethods) func aRunIsShownAndStopped(method: String) throws {
      let tool = try start(method)
      let all = try Tool.run("ps")
      #expect(
        all.lines.contains { $0.contains(" shop-\(tool.pid) ") && $0.contains(" starting ") },
        "\(all)")
      let states = states(try Tool.run("ps", "shop-\(tool.pid)", "--json"))
      #expect(
        states == [
          "/": "up", "/db": "up", "/slow": "started", "/late": "waiting", "/g": "up",
          "/g/in": "up", "/web-1": "up", "/web-2": "up",
        ])
      try stop(tool)
      #expect(try Tool.run("ps", "\(tool.pid)").code == 3)
    }

    /// A place in a group, a place in the tree, and the wish of somebody.
    @Test func waitsForPlacesHaveWordsOfTheirOwn() throws {
      let tool = try Tool.running(
        """
        treeLimit: 3
        nodes:
          g: {limit: 1, nodes: {a: {shell: 'exec sleep 60'}, b: {shell: 'exec sleep 60'}}}
          c: {shell: 'exec sleep 60'}
          d: {shell: 'exec sleep 60', dependsOn: {c: started, g: started}}
          e: {shell: 'exec sleep 60', dependsOn: {d: started}}
          m: {shell: 'exec sleep 60', start: manual}
        """)
      var why = ""
      let isExplained = try tool.wait {
        // The slots of the tree go to the commands of three of four nodes.
        why = try tool.ask("why", "g/a", "g/b", "c", "d", "e", "m").output
        return why.contains("for a slot (1 of its group may be alive at a time)")
          && why.contains("for a slot (3 programs of the tree run at a time)")
          && why.contains("starts when somebody requests it")
      }
      #expect(isExplained, "\(why)")
      try tool.stopRun()
    }

    @Test func aWaitIsExplained() throws {
      let tool = try start()
      let why = try Tool.run("why", "\(tool.pid)", "late")
      #expect(why.code == 0 && why.output.contains("dependencies – slow to be up"), "\(why)")
      let unknown = try Tool.run("why", "\(tool.pid)", "latest")
      #expect(unknown.code == 3 && unknown.errors.contains("there are: db, g, g/in"))
      try stop(tool)
    }

    @Test func aPlanShowsTheOrderAndStopsNothing() throws {
      let tool = try start()
      let plan = try Tool.run("stop", "\(tool.pid)", "--plan")
      #expect(plan.code == 0 && plan.lines.first?.contains("late  web ×2") == true, "\(plan)")
      let json = try Tool.run("stop", "\(tool.pid)", "--plan", "--json").json() as? [String: Any]
      #expect((json?["stop"] as? [Any])?.count == 2)
      // It has as many instances as there are now.
      #expect(try Tool.run("scale", "\(tool.pid)", "web=3").code == 0)
      let scaled = try Tool.run("stop", "\(tool.pid)", "--plan")
      #expect(scaled.lines.first?.contains("late  web ×3") == true, "\(scaled)")
      #expect(states(try Tool.run("ps", "\(tool.pid)", "--json"))["/db"] == "up")
      try stop(tool)
    }

    @Test func aNodeIsStoppedStartedAndRestarted() throws {
      let tool = try start()
      let run = "\(tool.pid)"
      let first = try pid(of: "/db", in: tool)
      // It restarts always, and what it was asked for is no end that counts.
      #expect(try Tool.run("stop", run, "db", "g/in").code == 0)
      var now = states(try Tool.run("ps", run, "--json"))
      #expect(now["/db"] == "stopped" && now["/g/in"] == "stopped" && now["/web-1"] == "up")
      #expect(try Tool.run("start", run, "db", "g/in").code == 0)
      let second = try pid(of: "/db", in: tool)
      #expect(first != nil && second != nil && first != second)
      #expect(try Tool.run("restart", run, "d*").output == "db up\n")
      #expect(try pid(of: "/db", in: tool) != second)
      #expect(try Tool.run("kill", run, "web-1").code == 0)
      now = states(try Tool.run("ps", run, "--json"))
      #expect(now["/web-1"] == "stopped" && now["/db"] == "up" && now["/g/in"] == "up")
      let restarts = nodes(try Tool.run("ps", run, "--json")).map { $0["restarts"] as? Int }
      #expect(restarts.allSatisfy { $0 == 0 })
      try stop(tool)
    }

    @Test func aTemplateIsScaledAndOtherNodesAreNot() throws {
      let tool = try start()
      let run = "\(tool.pid)"
      #expect(try Tool.run("scale", run, "web=3").code == 0)
      #expect(states(try Tool.run("ps", run, "--json"))["/web-3"] == "up")
      #expect(try Tool.run("scale", run, "web=0").output == "web has no instances\n")
      let none = try Tool.run("scale", run, "web=0", "--json").json() as? [String: Any]
      #expect(none?["outcome"] as? String == "stopped")
      #expect(try Tool.run("scale", run, "web=1").output == "web up\n")
      #expect(try Tool.run("stop", run, "web-1").code == 0)
      let kept = try Tool.run("scale", run, "web=1")
      #expect(kept.output == "web stopped\n" && kept.code == 0, "what was stopped stays so")
      #expect(try Tool.run("start", run, "web-1").code == 0)
      #expect(try Tool.run("scale", run, "db=2").code == 4)
      #expect(try Tool.run("scale", run, "db").code == 2)
      #expect(try Tool.run("scale", run, "nobody=2").code == 3)
      #expect(
        try tool.wait {
          let states = states(try Tool.run("ps", run, "--json"))
          return states["/web-1"] == "up" && states["/web-2"] == nil && states["/web-3"] == nil
        })
      try stop(tool)
    }

    @Test func aSignalIsDeliveredToTheCommandAndItsEndIsItsOwn() throws {
      let tool = try start()
      let run = "\(tool.pid)"
      #expect(try Tool.run("signal", "HUP", run, "db").code == 0)
      #expect(
        try tool.wait {
          let found = nodes(try Tool.run("ps", run, "--json"))
          let db = found.first { $0["address"] as? String == "/db" }
          return db?["restarts"] as? Int == 1
        })
      #expect(try Tool.run("signal", "NONE", run, "db").code == 2)
      try stop(tool)
    }

    @Test func aWaitEndsWithItsStateOrItsTime() throws {
      let tool = try start()
      let run = "\(tool.pid)"
      #expect(try Tool.run("wait", run, "db", "web", "--for", "up").code == 0)
      let late = try Tool.run("wait", run, "late", "--for", "up", "--timeout", "0.2")
      #expect(late.code == 124 && late.errors.contains("late is waiting"), "\(late.errors)")
      let goesOn = try Tool.run("wait", run, "db", "--for", "ended", "--timeout", "0.2")
      #expect(goesOn.code == 124 && goesOn.errors.contains(": db is up"), "\(goesOn.errors)")
      #expect(try Tool.run("stop", run, "db").code == 0)
      #expect(try Tool.run("wait", run, "db", "--for", "ended").code == 0)
      try stop(tool)
    }

    @Test func aRootThatIsSuspendedIsShownByTheKernelAndKilled() throws {
      let tool = try start()
      let run = "\(tool.pid)"
      tool.signal(SIGSTOP)
      let ps = try Tool.run("ps", run)
      #expect(ps.code == 0 && ps.errors.contains("is suspended; continue it (kill -CONT \(run))"))
      #expect(ps.output.contains("web-1") && ps.output.contains("suspended"), "\(ps.output)")
      #expect(try Tool.run("stop", run).code == 5)
      #expect(try Tool.run("kill", run).code == 0)
      #expect(try tool.end().code == -SIGKILL)
      let left = try FileManager.default.subpathsOfDirectory(atPath: tool.directory.path)
      #expect(left.filter { $0.hasPrefix("process-tree") }.count <= 1, "\(left)")
    }

    @Test func aRootThatIsKilledLeavesNoDesk() throws {
      let tool = try start()
      tool.signal(SIGKILL)
      #expect(
        tool.wait {
          let left = try? FileManager.default.subpathsOfDirectory(atPath: tool.directory.path)
          return left?.contains { $0.hasSuffix("/desk") } == false && tool.processes.isEmpty
        })
      _ = try tool.end()
    }

    @Test func theSocketIsTheUsersAloneAndAClientThatSaysNothingIsCut() throws {
      let tool = try start()
      let found = try FileManager.default.subpathsOfDirectory(atPath: tool.directory.path)
      let desk = try #require(found.first { $0.hasSuffix("/desk") })
      let path = tool.directory.path + "/" + desk
      var status = stat()
      #expect(lstat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
      let client = try #require(LocalClient(path))
      let start = ContinuousClock.now
      // Its end, with no byte before.
      #expect(client.read() == [])
      #expect(ContinuousClock.now - start < .patience)
      try stop(tool)
    }

    @Test func hostileBytesEndTheirConnectionAlone() throws {
      let tool = try start()
      let found = try FileManager.default.subpathsOfDirectory(atPath: tool.directory.path)
      let path = tool.directory.path + "/" + (try #require(found.first { $0.hasSuffix("/desk") }))
      for bytes: [UInt8] in [[0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 1, 0xC1], [0, 0, 0, 0]] {
        let client = try #require(LocalClient(path))
        client.write(bytes)
        #expect(client.read() == [])
      }
      #expect(try Tool.run("why", "\(tool.pid)", "db").code == 0)
      try stop(tool)
    }
  }
}
