//! Relations and options that do not fit the tasks: one line that says what and where, and the right exit code.

use crate::support::Place;

const SHOPS: &str = "shop,x,y\na,0,1\na,1,2\nb,0,2\nb,1,3\nc,0,5\nc,1,5\n";

#[test]
fn relations_that_do_not_fit_the_tasks() {
    let place = Place::new("no_relation");
    place.write("data.csv", SHOPS);
    let fit = |method| {
        format!("fit {method} data.csv --target y --task shop --relation r.csv -o model.st")
    };
    let bad = |method, relation: &str, parts: &[&str]| {
        place.write("r.csv", relation);
        place.fails(&fit(method), 1, parts);
    };
    let header = "the header must be node,parent[,lambda]";
    bad("tree", "a,b,weight\na,b,1\n", &["r.csv: line 1", header]);
    let two = "node,parent\na,r\nb,r\na,r\nc,r\nr,\n";
    bad(
        "tree",
        two,
        &["r.csv, line 4, column 1 (node)", "\"a\" is a node twice"],
    );
    let lost = "node,parent\na,r\nb,q\nc,r\nr,\n";
    bad(
        "tree",
        lost,
        &["r.csv, line 3, column 2 (parent)", "\"q\" is no node"],
    );
    let circle = "node,parent\na,r\nb,r\nc,r\nr,s\ns,r\n";
    bad("tree-lasso", circle, &["r.csv, line 2", "circle"]);
    let stranger = "node,parent\na,r\nb,r\nc,r\nd,r\nr,\n";
    bad(
        "tree",
        stranger,
        &[
            "r.csv, line 5, column 1 (node)",
            "\"d\" is a leaf, but no task",
        ],
    );
    let fewer = "node,parent\na,r\nb,r\nr,\n";
    bad("tree-lasso", fewer, &["r.csv", "task \"c\"", "is no node"]);
    let weak = "node,parent,lambda\na,r,1\nb,r,0\nc,r,1\nr,,1\n";
    bad(
        "tree",
        weak,
        &["r.csv, line 3, column 3 (lambda)", "\"0\" is no strength"],
    );
    bad(
        "graph",
        "a,b,weight\na,b,1\nb,d,1\n",
        &["r.csv, line 3, column 2 (b)", "\"d\" is no task"],
    );
    bad(
        "graph",
        "a,b,weight\na,b,1\nb,c,-1\n",
        &["r.csv, line 3, column 3 (weight)", "negative"],
    );
    bad(
        "graph",
        "a,b,weight\na,b,1\nb,a,1\n",
        &["r.csv, line 3", "twice"],
    );
    bad(
        "graph",
        "a,b,weight\na,b,1\nc,c,1\n",
        &["r.csv, line 3", "joined to itself"],
    );
    bad(
        "graph",
        "a,b,weight\na,b,1\n",
        &["r.csv", "task \"c\"", "is in no pair"],
    );
    bad(
        "icm",
        "task,a,b\na,1,0\nb,0,1\n",
        &["r.csv", "task \"c\"", "has no column"],
    );
    bad(
        "icm",
        "task,a,b,c\na,1,0,0\nb,0,1,0\n",
        &["r.csv", "task \"c\"", "has no line"],
    );
    bad(
        "icm",
        "task,a,b,c,d\na,1,0,0,0\n",
        &["r.csv", "line 1", "\"d\" is no task"],
    );
    let skew = "task,a,b,c\na,1,0.5,0\nb,0,1,0\nc,0,0,1\n";
    bad("icm", skew, &["r.csv, line 2, column 3 (b)", "symmetric"]);
    place.fails(
        "fit tree data.csv --target y --task shop",
        2,
        &["tree", "--relation FILE"],
    );
    place.fails(
        "fit l21 data.csv --target y --task shop --relation r.csv",
        2,
        &["--relation is a setting of tree", "not of l21"],
    );
    assert!(!place.files().contains(&"model.st".to_owned()));
}

#[test]
fn options_that_do_not_fit_methods_of_tasks() {
    let place = Place::new("no_task_option");
    place.write("data.csv", SHOPS);
    let fails = |words: &str, parts: &[&str]| place.fails(&format!("fit {words}"), 2, parts);
    fails(
        "l21 data.csv --target y --task shop --precision f32",
        &["f32", "always in f64"],
    );
    fails(
        "l21 data.csv --target y --task shop --lambda -1",
        &["lambda must be above 0"],
    );
    fails(
        "l21 data.csv --target y --task shop --alpha 1",
        &["--alpha is a setting of ridge and mlp and"],
    );
    fails(
        "ridge data.csv --target y --drop shop --lambda 1",
        &["--lambda is a setting of", "not of ridge"],
    );
    fails(
        "ridge data.csv --target y --task shop",
        &["--task: ridge is one model"],
    );
    fails("l21 data.csv --task shop", &["which column is the target?"]);
    fails(
        "l21 data.csv --targets x,y --task shop",
        &["cannot be used with"],
    );
    fails(
        "l22 data.csv --target y",
        &["there is no method \"l22\"", "mean-regularised"],
    );
    place.fails(
        "fit l21 data.csv --target y --task plant",
        1,
        &["data.csv", "no column \"plant\""],
    );
    place.fails(
        "fit l21 data.csv --target y --task y",
        2,
        &["\"y\" is given two parts"],
    );
    let few = "fit l21 data.csv --target y --task shop --lambda 0.1 --test-size 5 -o model.st";
    place.fails(few, 2, &["test_size must be enough"]);
    place.write(
        "data.csv",
        "g,shop,x,y\n1,a,0,1\n1,a,1,2\n2,b,0,2\n2,b,1,3\n",
    );
    let group = "fit l21 data.csv --target y --task shop --group g --lambda 0.1 --test-size 1";
    place.fails(group, 1, &["data.csv", "are held out: none is left"]);
    assert_eq!(place.files(), ["data.csv"]);
}
