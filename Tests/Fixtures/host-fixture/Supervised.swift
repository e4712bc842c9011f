import Glibc
import ProcessTree
import ProcessTreeScenarios

/// A supervisor keeps children alive on hosts.
let supervisedScenarios: [String: Scenario] = [
  "supervised": { root, test in
    try await root.withHosts([here("b"), here("c")]) { hosts in
      let specifications = [
        ChildSpecification("far", Ending(way: "sleep"), instances: 2, hosts: ["b", "c"]),
        ChildSpecification("near", Ending(way: "sleep")),
        ChildSpecification("none", Ending(way: "sleep"), startsByItself: false, hosts: ["d"]),
      ]
      try await root.withSupervisor(
        specifications, intensity: RestartIntensity(restarts: 3, within: .seconds(60))
      ) { supervisor in
        try await supervisor.waitUntilUp("far")
        try await supervisor.waitUntilUp("near")
        let first = root.children.filter { $0.name.hasPrefix("far-") }
        test.equal(Set(first.compactMap(\.host)), ["b", "c"])
        test.equal(root.children.first { $0.name == "near" }?.host, nil)
        // A host is lost, and its child lives again on the other.
        guard let lost = first.first(where: { $0.host == "b" }), let pid = lost.pid else { return }
        kill(parent(pid), SIGKILL)
        try await lost.join()
        try await supervisor.waitUntilUp("far")
        let second = root.children.filter { $0.name.hasPrefix("far-") && $0.isAlive }
        test.equal(second.compactMap(\.host), ["c", "c"])
        test.equal(second.map(\.incarnation).sorted(), [1, 2])
        // Explanations name the host, for those without a process too.
        let explained = try await root.explainTree().filter { $0.name.hasPrefix("far-") }
        test.equal(explained.compactMap(\.host), ["c", "c"])
      }
    }
  }
]
