"""The lowering that only this machine needs: placement, routing, circuits, codes and kernels."""
