from setuptools import setup

setup(
    name="my_robot",
    version="0.1.0",
    description="A robot and costs of its own for the controller of mme_ilqr_ros",
    license="Apache-2.0",
    maintainer="mme_ilqr_ros maintainers",
    maintainer_email="maintainers@example.org",
    packages=["my_robot"],
    install_requires=["setuptools"],
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/my_robot"]),
        ("share/my_robot", ["package.xml"]),
        ("share/my_robot/config", ["config/my_robot.yaml"]),
        ("share/my_robot/launch", ["launch/my_robot.launch.py"]),
    ],
    zip_safe=False,
)
