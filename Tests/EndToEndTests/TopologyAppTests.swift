import Foundation
import ProcessTreeTestSettings
import Testing

extension EndToEndTests {
  /// Topology files whose programs are those of an app: the example `crawl`.
  struct TopologyAppTests {
    private static let app = (Tool.path as NSString).deletingLastPathComponent + "/crawl"

    private static func example(_ name: String) -> String {
      URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Examples/Topologies/\(name).yaml").path
    }

    /// A shell command beside a site of 40 pages, each of which leads to the next two, where `$APP`
    /// is the app, and `crawl.yaml` and `titles.yaml` are the examples for it.
    private func start(_ command: String) throws -> Tool {
      try Tool(
        shell: """
          mkdir site; cd site; n=1
          while [ $n -le 40 ]; do
            echo "<title>Page $n</title><a href=\\"$((n % 40 + 1)).html\\"><a href=\\"/$(((n + 1) % 40 + 1)).html\\">" > $n.html
            n=$((n + 1))
          done
          cd ..
          for name in crawl titles; do
            sed "s|^app: .*|app: $APP|" "$EXAMPLES/$name.yaml" > $name.yaml
          done
          \(command)
          """,
        environment: [
          "APP": Self.app,
          "EXAMPLES": (Self.example("crawl") as NSString).deletingLastPathComponent,
        ])
    }

    private func run(_ command: String) throws -> Tool.Ended { try start(command).end() }

    private static let options = "--set site=$PWD/site --set start=1.html --quiet --trust"

    @Test(arguments: ["\"$PTREE\"", "\"$APP\""], startMethods)
    func anAppRunsItsFile(tool: String, method: String) throws {
      let run = try run(
        "\(tool) run crawl.yaml \(Self.options) --start-method \(method)")
      #expect(run.code == 0, "\(run.errors)")
      #expect(run.lines.count == 41)
      #expect(run.lines.contains("summary | 7.html: Page 7, 2 links"))
      #expect(run.lines.last?.hasPrefix("summary | 40 pages, ") == true, "\(run.output)")
    }

    @Test func aKilledProgramLosesNoElement() throws {
      let tool = try start(
        "exec \"$PTREE\" run crawl.yaml \(Self.options) --set pause=50ms")
      let path = tool.directory.path
      for number in 1...3 {
        #expect(
          tool.wait {
            guard let pid = tool.processes.first(where: { tool.name(of: $0) == "fetch-\(number)" })
            else { return false }
            return kill(pid, SIGKILL) == 0
          }, "\(path)")
      }
      let run = try tool.end()
      #expect(run.code == 0, "\(run.errors)")
      #expect(
        run.lines.last?.hasPrefix("summary | 40 pages, ") == true, "\(run.output)\(run.errors)")
    }

    @Test func aStageOfTheAppStandsAmongCommands() throws {
      let run = try run("\"$PTREE\" run titles.yaml --set site=$PWD/site --quiet --trust")
      #expect(run.code == 0, "\(run.errors)")
      #expect(run.lines.count == 40 && run.lines.first == "1.html\tPage 1", "\(run.output)")
    }

    @Test func anAppThatIsNotBuiltStartsNothing() throws {
      let run = try run(
        """
        sed -i 's|^app: .*|app: .build/release/crawl|' crawl.yaml
        "$PTREE" run crawl.yaml \(Self.options); echo $?
        "$PTREE" check crawl.yaml --set site=x; echo $?
        """)
      #expect(run.lines == ["2", "crawl.yaml: 3 nodes, 1 warning", "0"])
      #expect(
        run.errors.contains(
          """
          crawl.yaml:6:6: error: '.build/release/crawl' is no file that can be executed; build it: swift \
          build -c release --product crawl
          """), "\(run.errors)")
    }

    @Test func aCheckExecutesTheAppOnlyWhenAsked() throws {
      let run = try run(
        """
        sed -i 's/pause: \\$/pase: $/' crawl.yaml
        "$PTREE" check crawl.yaml --set site=x; echo $?
        "$PTREE" check --ask-app --trust crawl.yaml --set site=x; echo $?
        "$APP" run crawl.yaml --trust --set site=x; echo $?
        """)
      #expect(run.lines == ["crawl.yaml: 3 nodes, 1 warning", "0", "2", "2"])
      #expect(run.errors.contains("the programs are not checked"))
      #expect(
        run.errors.contains("error: Fetch has no argument 'pase'; did you mean 'pause'?"),
        "\(run.errors)")
    }

    @Test func aFileWithoutItsAppIsRefused() throws {
      let run = try run(
        """
        sed -i '/^app:/d' crawl.yaml
        "$PTREE" run crawl.yaml \(Self.options); echo $?
        sed 's|^ptree: 1|ptree: 1\\napp: '"$PTREE"'|' crawl.yaml > own.yaml
        "$PTREE" run own.yaml \(Self.options); echo $?
        """)
      #expect(run.lines == ["2", "2"])
      #expect(run.errors.contains("'program' needs 'app: PATH'"))
      #expect(run.errors.contains("is this tool, which has no programs of its own"))
    }

    @Test func anAppHasTheCommandsOfTheTool() throws {
      let run = try run(
        """
        "$APP" list
        "$APP" schema | grep -c '"Frontier"'
        "$APP" run squares; echo $?
        "$APP" run crawl.yaml \(Self.options) --set pause=1m & run=$!
        n=0
        until "$APP" ps $run 2> /dev/null | grep -q fetch-4; do
          sleep 0.1; n=$((n + 1)); [ $n -lt 300 ] || break
        done
        "$PTREE" scale $run fetch=5 > /dev/null; echo $?
        "$APP" stop $run > /dev/null; echo $?
        wait
        """)
      #expect(
        run.lines == [
          "Frontier   seeds: [String], mostPages: Int, tasks: Sender<CrawlTask>, found: Receiver<Page>",
          "Fetch      site: String, pause: Duration?, tasks: Receiver<CrawlTask>, found: Sender<Page>, pages: Sender<Page>",
          "Summary    pages: Receiver<Page>", "ReadPage   stage  site: String",
          "PageTitle  stage  ", "1", "2", "0", "0",
        ], "\(run.errors)")
    }

    @Test func aPictureHasTheChannels() throws {
      let run = try run(
        "\"$PTREE\" graph crawl.yaml --set site=x")
      #expect(
        run.lines == [
          "crawl", "├─ frontier  ← fetch by found",
          "├─ fetch ×4  after frontier up  ← frontier by tasks",
          "└─ summary  ← fetch by pages",
        ], "\(run.errors)")
    }

    @Test func aGroupBelowHasEndsOfTheChannelsAbove() throws {
      let run = try run(
        """
        python3 - <<'END'
        text = open("crawl.yaml").read().replace("    dependsOn: [frontier]\\n", "")
        head, nodes = text.split("nodes:\\n")
        parts = nodes.split("\\n  fetch:\\n")
        fetch, rest = parts[1].split("\\n  summary:\\n")
        inner = "\\n".join("    " + line for line in fetch.split("\\n"))
        open("inner.yaml", "w").write(
          head + "nodes:\\n" + parts[0] + "\\n  below:\\n    nodes:\\n      fetch:\\n" + inner + "\\n  summary:\\n" + rest)
        END
        "$PTREE" run inner.yaml \(Self.options)
        """)
      #expect(run.code == 0, "\(run.errors)")
      #expect(
        run.lines.last?.hasPrefix("summary | 40 pages, ") == true, "\(run.output)\(run.errors)")
    }
  }
}
