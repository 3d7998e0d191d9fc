extension ErrorLines {
  /// Of what is done with runs and models.
  static let runSentences: [(String, String)] = [
    (
      "evaluate",
      "runs/default: no run was started there; use `drr train drr --run runs/default`"
    ),
    (
      "evaluate --data generated:tiny",
      "runs/default: no run was started there; use `drr train drr --data generated:tiny "
        + "--run runs/default`"
    ),
    (
      "evaluate --run latt",
      "latt: no run was started there; use `drr train drr --run latt`, or did you mean lat?"
    ),
    (
      "evaluate --run notes.txt",
      "notes.txt holds no run; `drr runs` lists those that there are"
    ),
    (
      "evaluate --run damaged",
      "damaged/config.json: not the configuration of a run: it is not JSON; put it back "
        + "from a copy, or start again with --fresh"
    ),
    (
      "evaluate --run cut",
      "cut/pmf.safetensors: not a valid safetensors file: the header should end at byte "
        + "N, but the file has 100; put the whole file back, or train anew by `drr train "
        + "drr --run cut --fresh`"
    ),
    (
      "evaluate --run p",
      "p: no agent has been trained in this run; use `drr train drr --run p`"
    ),
    (
      "evaluate --run m",
      "m is a run of multi-table Q-learning; use `drr compare --run m` or `drr recommend "
        + "--user ID --run m`"
    ),
    (
      "evaluate --run none",
      "nothing was held out (--split none): every rating has been trained on, and none is "
        + "left to evaluate on; train a run with another --split"
    ),
    (
      "evaluate --run model",
      "model is an exported model and no run; use `drr recommend --model model --user ID`"
    ),
    (
      "evaluate --run d --lists no/where.csv",
      "--lists is no/where.csv, but there is no folder no; make it, or name another file."
    ),
    (
      "evaluate --run d --format mrkdown",
      "--format is mrkdown; it must be one of text, markdown, latex or csv; the nearest is "
        + "markdown"
    ),
    (
      "evaluate irecgan --run d",
      "d is a DRR run; use `drr evaluate --run d` or `drr compare --run d` or `drr "
        + "recommend --user ID --run d`"
    ),
    (
      "compare --run lat --against popularty",
      "--against is popularty, which is no row; name one of random, popularity, item mean "
        + "(damped), first-order Markov, windowed Markov, session kNN, co-occurrence kNN, PMF, PMF "
        + "(no biases), oracle, DRR-ave; the nearest is popularity."
    ),
    (
      "compare --run lat --run d",
      "d was trained with --split users, lat with latest; one table needs the same split"
    ),
    (
      "simulate world interest-evolution --run d",
      "d is a DRR run; use `drr evaluate --run d` or `drr compare --run d` or `drr "
        + "recommend --user ID --run d`"
    ),
    (
      "recommend --run d --user 51",
      "user 51 is not in generated-tiny, which has 50 users; name one of them, or what "
        + "somebody new rated by --rated"
    ),
    (
      "recommend --run d --liked zzz",
      "zzz: generated-tiny has no item of that id or title; name it by its id, or by a "
        + "part of its title"
    ),
    (
      "recommend --run q --user 3",
      "q is a Q-learning run, which recommends no items; use `drr train q --show --run q`"
    ),
    (
      "export model d",
      "FOLDER is missing; give it, as in `drr export model runs/first models/first`"
    ),
    (
      "report d --out no/where.html",
      "--out is no/where.html, but there is no folder no; make it, or name another file."
    ),
    (
      "config schema dqx",
      "ALGORITHM is dqx; it must be one of pmf, drr, residual, planner, irecgan, q, sarsa-lambda, "
        + "multi-q, dqn, pg, gru, ddpg or slateq; the nearest is dqn."
    ),
    (
      "search --space bad-space.yaml",
      "bad-space.yaml:1: \"train:\" is dqx; it must be one of drr, residual, planner, q, "
        + "sarsa-lambda, dqn, pg, gru, ddpg or slateq; the nearest is dqn"
    ),
    (
      "search --space space.yaml --rounds 9",
      "space.yaml: --rounds is 9, and the steps are too few to be cut; write a line "
        + "\"steps: N\" of 6,561 or more, or lower --rounds"
    ),
  ]

  /// Further ones, one a line.
  static let runLines = """
    serve --model gen --learn ucb
    serve --model gen --learn-alpha 1
    serve --model gen --learn linucb --learn-ridge 0
    serve --model gen --learn items --learn-pool 0
    simulate visitors --lists 0
    simulate visitors --top 500
    simulate visitors --noise -1
    simulate visitors --server ftp://example.org
    simulate visitors --server localhost:99999
    simulate visitors --data generated:tiny --token-file nowhere
    evaluate --run nothing
    evaluate --data nothing.zip --run nothing
    evaluate --data generated:tiny:2 --run d
    evaluate --data nothing --run d
    evaluate --run q
    evaluate --run b
    evaluate --run empty
    evaluate --run d --run d
    evaluate --run d --run d2
    evaluate --run d --run nothing
    evaluate --run d --split 1
    evaluate --run d --all --format csv
    evaluate --run d --lists out.txt
    evaluate --run d --seeds 3
    evaluate --steps 10
    evaluate --leakage-ablation --seeds 0
    evaluate --leakage-ablation --data nothing
    evaluate irecgan --run nothing
    evaluate irecgan --run g --sessions=-1
    evaluate irecgan --run g --simulate-only --sessions 0
    evaluate irecgan --run g --data nothing
    compare
    compare --run nothing
    compare --run lat --against xxxxxxxx
    compare --run lat --run d2
    compare --run q
    compare --run lat --baselines-only
    compare --run lat --split latest
    compare --baselines-only --split rows --data generated:tiny
    compare --run lat --run lat
    compare --run none
    compare --run lat --cutoffs 0
    compare --run lat --data generated:tiny:2
    simulate --run nothing
    simulate --run q
    simulate --run g
    simulate --run d --env itemz
    simulate --run d --epsilon 2
    simulate --run p
    simulate --run d --cutoffs 100000
    simulate --run d --streak-strength 1000
    simulate --run grp
    simulate --run d --users 0
    simulate sessions --env foo --out x
    simulate sessions --sessions=-1 --out x
    simulate sessions --env nothing/ --out x
    simulate values --env lstm
    simulate values --list-sizes 0
    simulate values --list-sizes 1000
    simulate values --list-sizes a
    simulate sweep --run d
    simulate sweep --sessions 0 --run new
    simulate world
    simulate world interest
    simulate world virtual-taobao
    simulate world interest-evolution --weights x
    simulate world interest-evolution --run nothing
    simulate world interest-evolution --episodes 0
    simulate worlds --seeds 0
    recommend
    recommend --run d
    recommend --run d --user ''
    recommend --run d --user 3 --liked 5
    recommend --run d --liked Tower
    recommend --run d --rated Heat
    recommend --run d --rated 5=99
    recommend --run d --user 3 --top 0
    recommend --run d --user 3 --genre Nothing
    recommend --run d --user 3 --exclude zzz
    recommend --run d --users all
    recommend --run d --users nothing.txt --out l.csv
    recommend --run d --users all --out l.txt
    recommend --run d --user 3 --out l.csv
    recommend --run d --session 3
    recommend --run g --user 3
    recommend --run g --session 99999
    recommend --run g --session x
    recommend --run nothing --user 3
    recommend --model nothing --user 3
    recommend --model d --user 3
    recommend --model model --run d --user 3
    recommend --model model --data gen --user 3
    recommend --run d --data generated:tiny:2 --user 3
    recommend --run empty --user 3
    export model nothing out
    export model q out
    export model d d
    export model d ''
    export tensorboard nothing --out o
    export tensorboard d
    export csv d --out x.txt
    export csv d --out no/where.csv
    export csv p2 --out x.csv
    export mlflow notes.txt --out o
    report
    report nothing
    report notes.txt
    report d --user 999
    report q --user 3
    report d --user 3 --no-lists
    report d --episodes=-1
    report damaged
    report empty
    runs nothing
    runs notes.txt
    config show nothing
    config show notes.txt
    config show a.json
    config diff d nothing
    config schema
    config schema q --json
    search
    search --space nothing.yaml
    search --space notes.txt
    search --space space.yaml --trials 0
    search --space space.yaml --rounds 20
    search --space space.yaml --run d
    search --space space.yaml --seeds 0
    watch nothing
    watch notes.txt
    watch d --every 0
    watch d --curves 0
    watch empty
    terms nosuchlabel
    terms NDGC
    """
}
