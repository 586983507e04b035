"""Plays the case PM3h in FleetPy, which is not changed: a copy of its folder gets the case's files.

Usage: fleetpy.py FLEETPY_FOLDER GRAPH_FOLDER WORK_FOLDER NAME=MODULE/SEATS/STEP ...
  FLEETPY_FOLDER  a checkout of FleetPy (seen with e4a5bae)
  GRAPH_FOLDER    points.csv, edges.csv, week.csv, pm3h_requests.csv, pm3h_vehicles.csv
  MODULE          an optimizer of FleetPy: AlonsoMora, SimonettoAssignment or InsertionHeuristic
  SEATS           seats of a car
  STEP            seconds from one batch to the next

Prints one line of JSON for each run: name, requests, served, wait_s (mean of the served), cpu_s of the run without
loading, load_cpu_s.

The same as in our own run: the graph with max(mean of the 24 h, length / 20 m/s, 1 s) for each edge, the requests, the
nodes where the cars start (through FleetPy's initial state), 300 s to wait at most, no time to board. FleetPy's own:
times of requests in whole seconds; a ride lasts at most 1.4 times the direct one (its example studies' rule).
"""
import contextlib
import csv
import json
import math
import os
import shutil
import sys
import time

EARTH_M = 6_371_008.8


def meters(a, b):
    p, q = math.radians(a[0]), math.radians(b[0])
    x = math.sin((q - p) / 2) ** 2 + math.cos(p) * math.cos(q) * math.sin(math.radians(b[1] - a[1]) / 2) ** 2
    return 2 * EARTH_M * math.asin(math.sqrt(x))


def graph(folder):
    """Positions by node index, and (from, to, seconds, metres) by edge. Node indexes follow the ids' order."""
    rows = lambda name: csv.reader(open(os.path.join(folder, name)))
    points = {int(r[0]): (float(r[1]), float(r[2])) for r in rows("points.csv")}
    index = {node: place for place, node in enumerate(sorted(points))}
    hours = {int(r[0]): [float(x) for x in r[1:]] for r in rows("week.csv")}
    edges = []
    for edge, u, v in (map(int, r) for r in rows("edges.csv")):
        length = meters(points[u], points[v])
        mean = sum(hours[edge]) / len(hours[edge])
        edges.append((index[u], index[v], max(mean, length / 20.0, 1.0), max(length, 1.0)))
    return [points[node] for node in sorted(points)], edges


def write_network(fleetpy, points, edges):
    """The network as FleetPy's NetworkTTMatrix reads it, with the tables of times and distances."""
    import numpy as np
    import scipy.sparse as sparse
    from pyproj import Transformer
    from scipy.sparse.csgraph import dijkstra

    n = len(points)
    folder = os.path.join(fleetpy, "data", "networks", "manhattan")
    os.makedirs(os.path.join(folder, "base"))
    os.makedirs(os.path.join(folder, "ff", "tables"))
    to_meters = Transformer.from_crs(4326, 32618, always_xy=True)
    x, y = to_meters.transform([p[1] for p in points], [p[0] for p in points])
    with open(os.path.join(folder, "base", "crs.info"), "w") as out:
        out.write("EPSG:32618")
    with open(os.path.join(folder, "base", "nodes.csv"), "w") as out:
        out.write("node_index,is_stop_only,pos_x,pos_y\n")
        out.writelines(f"{i},False,{x[i]},{y[i]}\n" for i in range(n))
    with open(os.path.join(folder, "base", "edges.csv"), "w") as out:
        out.write("from_node,to_node,distance,travel_time,source_edge_id\n")
        out.writelines(f"{u},{v},{m:.3f},{s:.6f},{i}\n" for i, (u, v, s, m) in enumerate(edges))
    least, length = {}, {}
    for u, v, s, m in edges:
        if s < least.get((u, v), math.inf):
            least[u, v], length[u, v] = s, m
    rows, columns = zip(*least)
    times, before = dijkstra(
        sparse.csr_matrix((list(least.values()), (rows, columns)), shape=(n, n)), return_predecessors=True
    )
    distances = np.zeros((n, n))
    for start in range(n):
        for node in np.argsort(times[start], kind="stable")[1:]:
            last = before[start, node]
            distances[start, node] = distances[start, last] + length[last, node]
    np.save(os.path.join(folder, "ff", "tables", "nn_fastest_tt.npy"), times)
    np.save(os.path.join(folder, "ff", "tables", "nn_fastest_distance.npy"), distances)


def write_case(fleetpy, data):
    """Requests, cars of one seat, and where cars start. Returns how many requests and cars there are."""
    folder = os.path.join(fleetpy, "data", "demand", "pm3h", "matched", "manhattan")
    os.makedirs(folder)
    requests = list(csv.DictReader(open(os.path.join(data, "pm3h_requests.csv"))))
    with open(os.path.join(folder, "pm3h.csv"), "w") as out:
        out.write("rq_time,start,end,request_id\n")
        out.writelines(f"{int(float(r['t']))},{r['o']},{r['d']},{r['id']}\n" for r in requests)
    vehicles = os.path.join(fleetpy, "data", "vehicles")
    plain = open(os.path.join(vehicles, "default_vehtype.csv")).read()
    for seats in range(1, 9):
        car = plain.replace("default_vehtype", f"seats{seats}").replace("maximum_passengers,4", f"maximum_passengers,{seats}")
        open(os.path.join(vehicles, f"seats{seats}.csv"), "w").write(car)
    starts = [int(r["node"]) for r in csv.DictReader(open(os.path.join(data, "pm3h_vehicles.csv")))]
    folder = os.path.join(fleetpy, "studies", "pm3h", "results", "start")
    os.makedirs(folder)
    os.makedirs(os.path.join(fleetpy, "studies", "pm3h", "scenarios"))
    with open(os.path.join(folder, "final_state.csv"), "w") as out:
        out.write("operator_id,vehicle_id,final_soc,final_node_index,final_time\n")
        out.writelines(f"0,{car},1,{node},0\n" for car, node in enumerate(starts))
    return len(requests), len(starts)


def play(fleetpy, name, module, seats, step, requests, cars):
    import pandas
    import src.misc.config as config
    from src.misc.init_modules import load_simulation_environment

    scenarios = os.path.join(fleetpy, "studies", "pm3h", "scenarios")
    example = os.path.join(fleetpy, "studies", "example_study", "scenarios", "constant_config_pool.csv")
    changes = {
        "initial_state_scenario": "start", "network_type": "NetworkTTMatrix", "network_name": "manhattan",
        "demand_name": "pm3h", "end_time": "14400", "time_step": step, "route_output_flag": "False",
        "replay_flag": "False", "user_max_decision_time": step, "op_reoptimisation_timestep": step,
        "op_vr_control_func_dict": "func_key:distance_and_user_times;vot:0.45", "op_const_boarding_time": "0",
    }
    constant = os.path.join(scenarios, f"constant_{name}.csv")
    with open(constant, "w") as out:
        for line in open(example).read().splitlines():
            key = line.split(",")[0]
            out.write(f"{key},{changes[key]}\n" if key in changes else line + "\n")
    scenario = os.path.join(scenarios, f"{name}.csv")
    with open(scenario, "w") as out:
        out.write("op_module,scenario_name,rq_file,op_fleet_composition,op_rp_batch_optimizer\n")
        out.write(f"RidePoolingBatchAssignmentFleetcontrol,{name},pm3h.csv,seats{seats}:{cars},{module}\n")
    settings = config.ConstantConfig(constant) + config.ScenarioConfig(scenario)[0]
    settings.update({"study_name": "pm3h", "n_cpu_per_sim": 1, "evaluate": 0, "log_level": "info", "keep_old": False})
    began = time.process_time()
    simulation = load_simulation_environment(settings)
    loaded = time.process_time()
    simulation.run()
    ended = time.process_time()
    users = pandas.read_csv(os.path.join(fleetpy, "studies", "pm3h", "results", name, "1_user-stats.csv"))
    served = users[users["pickup_time"].notna()]
    wait = served["pickup_time"] - served["rq_time"]
    return {
        "name": name, "requests": requests, "served": int(len(served)), "wait_s": float(wait.mean()),
        "wait_max_s": float(wait.max()), "cpu_s": ended - loaded, "load_cpu_s": loaded - began,
    }


def main():
    source, data, work = (os.path.abspath(path) for path in sys.argv[1:4])
    fleetpy = os.path.join(work, "FleetPy")
    shutil.copytree(source, fleetpy, ignore=shutil.ignore_patterns(".git", "*.tif", "results"))
    sys.path.insert(0, fleetpy)
    os.chdir(fleetpy)
    write_network(fleetpy, *graph(data))
    requests, cars = write_case(fleetpy, data)
    for run in sys.argv[4:]:
        name, _, what = run.partition("=")
        module, seats, step = what.split("/")
        with contextlib.redirect_stdout(sys.stderr):
            result = play(fleetpy, name, module, seats, step, requests, cars)
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
