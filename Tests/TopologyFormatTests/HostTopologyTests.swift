import Testing

@testable import ProcessTreeTopologyFormat

/// Hosts in a topology file, and nodes on them.
struct HostTopologyTests {
  private static let hosts = """
    hosts:
      b: {ssh: alice@b, slots: 8, program: /opt/p, lease: 30s, options: [-p, 2222]}
      web: {command: [docker, exec, -i, web]}
      grid: {slurm: {nodes: 3, time: 30m, partition: main}, slots: 32}
      near: {local: true, within: 5s}

    """

  @Test func hostsBecomePlansOfTheGroupsThatNameThem() throws {
    let checked = check(
      topology(
        """
          a: {shell: x, on: [b, web]}
          c: {shell: x, on: here}
          g:
            nodes:
              d: {shell: x, on: [grid, near]}
              e: {shell: x}
          h:
            on: near
            nodes: {f: {shell: x}}

        """, top: Self.hosts))
    #expect(checked.diagnostics.all.isEmpty, "\(checked.diagnostics.all)")
    let group = try #require(checked.topology?.group)
    #expect(group.nodes.map(\.hosts) == [["b", "web"], [], [], ["near"]])
    #expect(group.hosts.map(\.name) == ["b", "near", "web"])
    var b = HostPlan(name: "b", engine: .ssh("alice@b", options: ["-p", "2222"]))
    (b.slots, b.program, b.lease) = (8, "/opt/p", .seconds(30))
    #expect(group.hosts.first == b)
    guard case .group(let inner) = group.nodes[2].kind else { return #expect(Bool(false)) }
    #expect(inner.hosts.map(\.name) == ["grid", "near"])
    guard case .slurm(let slurm)? = inner.hosts.first?.engine else { return #expect(Bool(false)) }
    #expect(slurm.nodes == 3 && slurm.time == .seconds(1_800) && slurm.partition == "main")
    let graph = Graph(try #require(checked.topology))
    #expect(graph.boxes.map(graph.label) == ["a on b, web", "c", "d on grid, near", "e", "f"])
    #expect(graph.groups.map(\.label) == ["t", "g", "h on near"])
  }

  @Test func anArrayIsAHostOfTheGroupThatNamesIt() throws {
    let checked = check(
      topology(
        "  a: {shell: x, on: grid}\n  c: {shell: x, on: old}\n",
        top: """
          hosts:
            grid: {slurm: {tasks: 8, minimum: 2, time: 30m}, options: [-c, 4], within: 5m}
            old: {slurm: {array: 1234}}

          """))
    #expect(checked.diagnostics.all.isEmpty, "\(checked.diagnostics.all)")
    let hosts = try #require(checked.topology?.group.hosts)
    var (grid, old) = (SlurmPlan(), SlurmPlan())
    (grid.tasks, grid.minimum, grid.time, grid.options) = (8, 2, .seconds(1_800), ["-c", "4"])
    old.array = 1_234
    #expect(hosts.map(\.engine) == [.slurm(grid), .slurm(old)])
    // The place is that of the word that does not fit.
    let text = topology(
      "  a: {shell: x, on: b}\n",
      top: """
        hosts:
          b: {slurm: {array: 7}, options: [-c, 4]}
          c: {slurm: {tasks: 2, minimum: 3}}

        """)
    let places = check(text).diagnostics.sorted.filter { $0.severity == .error }.map(\.place)
    #expect(places.map { "\($0.line):\($0.column)" } == ["3:26", "4:25"])
  }

  @Test func aStageNamesHosts() throws {
    let checked = check(
      topology(
        """
          p:
            pipeline:
              from: {list: [a]}
              stages:
                - {shell: x, on: [b, web]}
                - {command: [/no/such/file], on: near}
                - {shell: x, on: here}

        """, top: Self.hosts)
    ) {
      $0.looksForExecutables = true
      $0.isForRun = true
    }
    #expect(checked.diagnostics.all.map(\.code) == [.unusedHost], "\(checked.diagnostics.all)")
    let node = try #require(checked.topology?.group.nodes.first)
    guard case .pipeline(let plan) = node.kind else { return #expect(Bool(false)) }
    #expect(plan.stages.map(\.hosts) == [["b", "web"], ["near"], []])
    #expect(plan.hosts.map(\.name) == ["b", "near", "web"])
    #expect(checked.topology?.group.hosts.isEmpty == true)
  }

  private static let wrongNodes: [Fault] = [
    Fault(
      "  p: {pipeline: {from: {list: [a]}, stages: [{shell: x, on: nera}]}}\n", "8:61:unknownHost",
      words: "did you mean 'near'?"),
    Fault("  a: {shell: x, on: bb}\n", "8:21:unknownHost", words: "no host of this file"),
    Fault("  a: {shell: x, on: nera}\n", "8:21:unknownHost", words: "did you mean 'near'?"),
    Fault("  a: {shell: x, on: [b, here]}\n", "8:25:wrongValue", words: "'here' stands alone"),
    Fault("  a: {shell: x, on: []}\n", "8:21:wrongValue"),
    Fault(
      "  g: {on: b, nodes: {a: {shell: x, on: web}}}\n", "8:36:meaningless",
      words: "runs beside its group"),
    Fault(
      "  p: {on: b, pipeline: {from: {list: [a]}, stages: [{shell: x}]}}\n",
      "8:7:keyOfOtherKind", words: "'on' does not fit a node with 'pipeline'"),
    Fault(
      "  g: {on: b, nodes: {p: {pipeline: {from: {list: [a]}, stages: [{shell: x}]}}}}\n",
      "8:25:meaningless", words: "below a node with 'on'"),
  ]

  @Test(arguments: wrongNodes)
  func aNodeInNoPlaceIsRefused(fault: Fault) {
    let checked = check(topology(fault.text, top: Self.hosts))
    let errors = checked.diagnostics.sorted.filter { $0.severity == .error }
    #expect(
      errors.map { "\($0.place.line):\($0.place.column):\($0.code.rawValue)" } == fault.expected)
    #expect(errors.first?.message.contains(fault.words) == true, "\(errors)")
  }

  @Test(arguments: [
    Fault("b: {ssh: x, slots: 0}", "wrongValue"), Fault("b: {ssh: x, lease: 1s}", "wrongValue"),
    Fault("b: {ssh: -x}", "wrongValue"), Fault("b: {ssh: x, program: p}", "wrongValue"),
    Fault("b: {ssh: x, local: true}", "exclusiveKeys"), Fault("b: {slots: 3}", "missingKey"),
    Fault("b: {command: [env], options: [-4]}", "keyOfOtherKind"),
    Fault("b: {slurm: {time: 3m}}", "missingKey"), Fault("b: {slurm: {node: 3}}", "unknownKey"),
    Fault("b: {local: true}\n  here: {ssh: x}", "invalidName"),
    Fault("b: {slurm: {nodes: 2, tasks: 3}}", "exclusiveKeys"),
    Fault("b: {slurm: {minimum: 3}}", "missingKey"),
    Fault("b: {slurm: {array: 7, partition: x}}", "keyOfOtherKind"),
    Fault("b: {slurm: {array: 7}, options: [-c, 4]}", "keyOfOtherKind"),
    Fault("b: {slurm: {tasks: 2, minimum: 3}}", "wrongValue"),
    Fault("b: {slurm: {tasks: 0}}", "wrongValue"),
  ])
  func aHostThatIsNoneIsRefused(fault: Fault) {
    let text = topology("  a: {shell: x, on: b}\n", top: "hosts:\n  \(fault.text)\n")
    #expect(
      check(text).diagnostics.sorted.filter { $0.severity == .error }.map(\.code.rawValue)
        == fault.expected, "\(check(text).diagnostics.sorted)")
  }

  @Test func nobodyLooksHereForWhatRunsThere() {
    let text = topology(
      "  a: {command: [/no/such/file], user: nobody, on: b}\n  c: {command: [/no/such/file]}\n",
      top: "hosts: {b: {local: true}, c: {ssh: c}}\n")
    let codes = diagnose(text) {
      $0.looksForExecutables = true
      $0.isForRun = true
    }
    #expect(codes == ["2:27:unusedHost", "5:17:missingExecutable"])
  }

  @Test func aFileIncludesHostsAndAGroupHasItsOwn() throws {
    let checked = check(
      topology(
        "  a: {shell: x, on: c}\n  g: {file: g.yaml}\n  h: {file: g.yaml, on: c}\n",
        top: "include: [hosts.yaml]\n"),
      files: [
        "/t/hosts.yaml": "ptree: 1\nhosts: {c: {ssh: c}}\n",
        "/t/g.yaml": "ptree: 1\nhosts: {c: {local: true}}\nnodes: {a: {shell: x, on: c}}\n",
      ])
    // On a host a group is whole.
    #expect(
      checked.diagnostics.sorted.filter { $0.severity == .error }.map(\.code) == [.meaningless])
  }
}
