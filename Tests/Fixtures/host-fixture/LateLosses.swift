import Glibc
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

/// Losses that come at a bad time, or that nobody reports.
let lateScenarios: [String: Scenario] = [
  // Its host is lost between the making and the start.
  "startedTooLate": { root, test in
    try await root.withHosts([here("b")]) { hosts in
      let late = try root.makeChild(Member(), on: hosts)
      let first = try await root.spawn(Ending(way: "sleep"), on: hosts)
      kill(parent(first.pid ?? 0), SIGKILL)
      try await first.join()
      let error = await test.thrown(ChildFailure.self) { try await late.start() }
      let text = error.map { "\($0)" } ?? "none"
      test.expect(text.contains("host b is over"), text)
      try await late.join()
      test.equal(late.exitReport?.pid, nil)
    }
  },

  // Descriptors, processes and directories are as many afterwards as after the first time; the
  // audit compares the rest.
  "openedOften": { root, test in
    let count = CommandLine.arguments.dropFirst(2).first.flatMap { Int($0) } ?? 12
    var first: ResourceAudit?
    for _ in 0..<count {
      try await root.withHosts([here("b"), here("c"), here("d")]) { hosts in
        test.equal(try await root.spawn(Square(number: 3), on: hosts).result, 9)
      }
      guard let before = first else {
        // What ends with the scope is closed a moment later.
        try await Task.sleep(for: .milliseconds(500))
        first = ResourceAudit.ofOwn()
        continue
      }
      let isEqual = try await eventually {
        let now = ResourceAudit.ofOwn()
        return now.descriptors == before.descriptors && now.children == before.children
      }
      test.expect(isEqual, "\(ResourceAudit.ofOwn()) instead of \(before)")
    }
  },

  // The far half goes when its helper does, and reports it.
  "helperKilled": { root, test in
    try await root.withHosts([here("b")]) { hosts in
      let child = try await root.spawn(Ending(way: "sleep"), on: hosts)
      let pid = child.pid ?? 0
      for helper in children(of: parent(pid)) where helper != pid { kill(helper, SIGKILL) }
      try await child.join()
      guard case .hostLost(let loss)? = child.exitReport?.cause else {
        return test.expect(false, "\(child.exitReport?.cause as Any) is no loss of the host")
      }
      test.expect(loss.reason.contains("its fork server has gone"), loss.reason)
      test.equal(hosts.all[0].state, .over(loss))
    }
  },

  // The lease would last for an hour; the policies of those that are stopped do not.
  "scopeEndsWithAStoppedKeeper": { root, test in
    var host = here("b")
    host.lease = .seconds(3_600)
    let child = try await root.withHosts([host]) { hosts in
      let child = try await root.spawn(Ending(way: "sleep"), on: hosts, stopPolicy: .kill)
      kill(keeper(of: root), SIGSTOP)
      return child
    }
    guard case .hostLost? = child.exitReport?.cause else {
      return test.expect(false, "\(child.exitReport?.cause as Any) is no loss of the host")
    }
    let isEmpty = try await eventually { !isRunning(child.pid ?? 0) }
    test.expect(isEmpty, "the child runs on")
  },

  // Nothing runs there any more when the near half dies while it is asked to end: the far half is
  // asked to leave.
  "keeperKilledAtTheEnd": { root, test in
    let far = try await root.withHosts([here("b")]) { hosts in
      let far = try await root.spawn(Member(), on: hosts).result.parent
      let keeper = keeper(of: root)
      kill(keeper, SIGSTOP)
      Task.detached {
        _ = try await eventually { hosts.all[0].state == .closing }
        kill(keeper, SIGKILL)
      }
      test.expect(isRunning(far), "there is no far half")
      return far
    }
    test.expect(!isRunning(far), "the far half goes on")
  },

  // A node that was stopped itself does not blame its hosts.
  "rootStopped": { root, test in
    var host = here("b")
    host.lease = .seconds(2)
    try await root.withHosts([host]) { hosts in
      let child = try await root.spawn(Echo(), on: hosts)
      _ = try await root.run(
        Command("/bin/sh", ["-c", "kill -STOP \(getpid()); sleep 8; kill -CONT \(getpid())"]))
      let isLost = try await eventually(within: .seconds(3)) { hosts.all[0].state != .up }
      test.expect(!isLost, "\(hosts.all[0].state)")
      try await child.send(0)
      test.equal(try await child.result, 0)
    }
  },
]
