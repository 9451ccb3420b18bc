"""The stylesheet: flat controls with 4-px corners, made from tokens.

Only what Fusion cannot do from a palette (its buttons and bars have gradients and outlines). Widgets
opt into a variant by their dynamic property `role`: `primary`, `quiet`, `panel`, `card`, `well`.
"""

from __future__ import annotations

from lunar_studio import paths
from lunar_studio.gui.theme_tokens import RADIUS_PX, Tokens

_TEMPLATE = """
QToolTip {{ background: {raised}; color: {text}; border: 1px solid {line}; padding: 4px 8px; }}
QFrame[role="panel"] {{ background: {panel}; border: none; border-radius: {radius}px; }}
QFrame[role="card"] {{ background: {raised}; border: 1px solid {raised}; border-radius: {radius}px; }}
QFrame[role="card"]:hover {{ background: {hover}; border-color: {hover}; }}
QFrame[role="card"][chosen="true"] {{ border-color: {accent}; }}
QFrame[role="card"]:focus {{ border-color: {focus}; }}
QFrame[role="well"] {{ background: {sunken}; border: none; border-radius: {radius}px; }}
QFrame[role="tour"] {{ background: {raised}; border: 1px solid {accent}; border-radius: 6px; }}
#command-palette {{ background: {raised}; border: 1px solid {line}; border-radius: 6px; }}
#banner {{ background: {raised}; }}
QLabel[role="muted"] {{ color: {muted}; }}
QLabel[role="accent"] {{ color: {accent}; }}
QLabel[role="good"] {{ color: {good}; }}
QLabel[role="warn"] {{ color: {warn}; }}
QLabel[role="bad"] {{ color: {bad}; }}

QPushButton {{ background: {raised}; color: {text}; border: 1px solid {raised}; border-radius: {radius}px;
  padding: 4px 12px; min-height: 18px; }}
QPushButton:hover {{ background: {hover}; border-color: {hover}; }}
QPushButton:pressed {{ background: {sunken}; }}
QPushButton:checked {{ color: {accent}; border-color: {accent}; }}
QPushButton:focus {{ border-color: {focus}; }}
QPushButton:disabled {{ background: {panel}; color: {faint}; border-color: {line}; }}
QPushButton[role="primary"] {{ background: {accent}; color: {on_accent}; border-color: {accent}; font-weight: 600; }}
QPushButton[role="primary"]:hover {{ border-color: {text}; }}
QPushButton[role="primary"]:focus {{ border-color: {focus}; }}
QPushButton[role="primary"]:disabled {{ background: {raised}; color: {faint}; border-color: {raised}; }}
QPushButton[role="quiet"] {{ background: transparent; color: {muted}; border-color: transparent; padding: 4px 8px; }}
QPushButton[role="quiet"]:hover {{ color: {text}; background: {raised}; }}
QPushButton[role="quiet"]:checked {{ color: {text}; background: {raised}; }}
QFrame[role="card"] QPushButton[role="quiet"]:checked {{ background: {sunken}; }}
QPushButton[role="quiet"]:focus {{ border-color: {focus}; color: {text}; }}
QPushButton[role="tab"] {{ background: transparent; color: {muted}; border: none;
  border-radius: 0; padding: 5px 10px 3px;
  border-bottom: 2px solid transparent; }}
QPushButton[role="tab"]:hover {{ color: {text}; }}
QPushButton[role="tab"]:checked {{ color: {text}; border-bottom-color: {accent}; }}
QPushButton[role="tab"]:focus {{ border-bottom-color: {focus}; }}
QPushButton::menu-indicator {{ image: none; width: 0; }}

QToolButton {{ background: transparent; border: 1px solid transparent; border-radius: {radius}px; padding: 3px; }}
QToolButton:hover {{ background: {hover}; }}
QToolButton:pressed, QToolButton:checked {{ background: {raised}; }}
QToolButton:focus {{ border-color: {focus}; }}
QToolButton::menu-indicator {{ image: none; }}

QLineEdit, QAbstractSpinBox, QPlainTextEdit, QTextEdit {{ background: {sunken}; color: {text};
  border: 1px solid {sunken}; border-radius: {radius}px; padding: 3px 6px; min-height: 18px;
  selection-background-color: {accent}; selection-color: {on_accent}; }}
QLineEdit:hover, QAbstractSpinBox:hover {{ border-color: {line}; }}
QLineEdit:focus, QAbstractSpinBox:focus, QPlainTextEdit:focus, QTextEdit:focus {{ border-color: {focus}; }}
QLineEdit:disabled, QAbstractSpinBox:disabled {{ color: {faint}; }}
QAbstractSpinBox {{ padding: 3px 0; }}
QAbstractSpinBox QLineEdit {{ background: transparent; border: none; padding: 0 6px; min-height: 0; }}
QAbstractSpinBox::up-button {{ width: 0; height: 0; border: none; subcontrol-origin: border;
  subcontrol-position: top right; }}
QAbstractSpinBox::down-button {{ width: 0; height: 0; border: none; subcontrol-origin: border;
  subcontrol-position: bottom right; }}
QComboBox {{ background: {raised}; color: {text}; border: 1px solid {raised}; border-radius: {radius}px;
  padding: 3px 8px; min-height: 18px; }}
QComboBox:hover {{ background: {hover}; border-color: {hover}; }}
QComboBox:focus {{ border-color: {focus}; }}
QComboBox::drop-down {{ border: none; width: 20px; }}
QComboBox::down-arrow {{ image: url("{arrow}"); width: 16px; height: 16px; }}
QComboBox QAbstractItemView {{ background: {raised}; border: 1px solid {line}; outline: none; }}

QAbstractScrollArea {{ border: none; background: transparent; }}
QListView, QTreeView, QTableView {{ background: transparent; border: 1px solid transparent; outline: none;
  alternate-background-color: {panel}; }}
QListView::item {{ border-radius: {radius}px; padding: 2px 4px; border: none; }}
QListView::item:hover {{ background: {raised}; }}
QListView::item:selected {{ background: {raised}; color: {accent}; }}
QTableView::item:selected, QTreeView::item:selected {{ background: {raised}; color: {text}; }}
QListView:focus, QTreeView:focus, QTableView:focus {{ border-color: {focus}; border-radius: {radius}px; }}
#word-completions {{ background: {raised}; border: 1px solid {line}; padding: 2px; }}
#word-completions::item:selected, #word-completions::item:hover {{ background: {hover}; color: {text}; }}
QHeaderView::section {{ background: {panel}; color: {muted}; border: none; border-bottom: 1px solid {line};
  padding: 4px 8px; }}
QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
QScrollBar::handle {{ background: {line}; border-radius: 3px; margin: 2px; min-height: 24px; min-width: 24px; }}
QScrollBar::handle:hover {{ background: {faint}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}

QMenuBar {{ background: {background}; color: {muted}; padding: 0 4px; }}
QMenuBar::item {{ background: transparent; padding: 4px 8px; border-radius: {radius}px; }}
QMenuBar::item:selected {{ background: {raised}; color: {text}; }}
QMenu {{ background: {raised}; color: {text}; border: 1px solid {line}; padding: 4px; }}
QMenu::item {{ padding: 4px 24px 4px 12px; border-radius: {radius}px; }}
QMenu::item:selected {{ background: {accent}; color: {on_accent}; }}
QMenu::item:disabled {{ color: {faint}; }}
QMenu::separator {{ height: 1px; background: {line}; margin: 4px 8px; }}
QSlider::groove:horizontal {{ background: {line}; height: 3px; border-radius: 1px; }}
QSlider::sub-page:horizontal {{ background: {accent}; height: 3px; border-radius: 1px; }}
QSlider::handle:horizontal {{ background: {accent}; width: 12px; height: 12px; margin: -5px 0; border-radius: 6px;
  border: 1px solid {accent}; }}
QSlider::handle:horizontal:focus, QSlider::handle:horizontal:hover {{ border-color: {text}; }}
QProgressBar {{ background: {sunken}; border: none; border-radius: 2px; max-height: 4px; min-height: 4px; }}
QProgressBar::chunk {{ background: {accent}; border-radius: 2px; }}
QSplitter::handle {{ background: transparent; }}
QSplitter::handle:hover {{ background: {line}; }}
QStatusBar {{ background: {background}; color: {muted}; }}
QStatusBar::item {{ border: none; }}
"""


def stylesheet(tokens: Tokens) -> str:
    """The application's stylesheet in the colours of `tokens`."""
    names = {name: getattr(tokens, name) for name in tokens.__slots__}
    # A stylesheet takes pictures from files only, and does not tint them: one for each theme.
    arrow = (paths.resources() / "controls" / f"drop-down-{tokens.name}.png").as_posix()
    return _TEMPLATE.format(radius=RADIUS_PX, arrow=arrow, **names)
